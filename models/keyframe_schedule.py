"""Which keyframes a live sender would make of a cached clip, and which of them each frame is drawn from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.bundle_writer import Reference
from codec.keyframe_pool import KeyframePool
from codec.keyframes import NUMBERS, Keyframe, ticks
from codec.motion import motion_model
from codec.picture_stream import PictureStreamDecoder, PictureStreamEncoder
from codec.settings import EncoderSettings
from models.clip_cache import CachedClip

_FRAME_MS = 40


@dataclass(frozen=True)
class KeyframeSchedule:
    """Keyframes by the number of their frame."""

    pictures: dict[int, NDArray[np.uint8]]  #: (side, side, 3), as a receiver decodes them
    picks: list[tuple[int, int | None]]  #: of each frame: the best keyframe, and the second best if there are two
    kbps: float  #: what the keyframes cost


def live_schedule(clip: CachedClip, settings: EncoderSettings) -> KeyframeSchedule:
    """Make and pick keyframes as the live sender does, without knowing what comes."""
    pool = KeyframePool(motion_model(), settings)
    side = clip.frames.shape[1]
    encoder, decoder = PictureStreamEncoder(side, settings.keyframe_crf), PictureStreamDecoder()
    pictures: dict[int, NDArray[np.uint8]] = {}
    picks: list[tuple[int, int | None]] = []
    total = 0
    for number, points in enumerate(clip.landmarks):
        landmarks = np.asarray(points, np.float64)
        time_ms = number * _FRAME_MS
        if pool.needs_keyframe(landmarks, time_ms):
            codec, data = encoder.encode(np.ascontiguousarray(clip.frames[number]))
            motion = tuple(int(value) for value in clip.motion[number])
            shape = tuple(int(value) for value in clip.shape)
            keyframe = Keyframe(len(pictures) % NUMBERS, ticks(time_ms), side, shape, motion, codec, data)
            pictures[number] = decoder.decode(keyframe)
            size = len(bytes(keyframe))
            pool.add(Reference(number, motion), landmarks, size, time_ms)
            total += size
        ranked = [reference.number for reference in pool.pick(landmarks, time_ms)]
        picks.append((ranked[0], ranked[1] if len(ranked) > 1 else None))
    return KeyframeSchedule(pictures, picks, total * 8 / (len(picks) * _FRAME_MS))
