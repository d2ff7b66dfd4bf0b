"""Which keyframes a live sender would make of a cached clip, and which of them each frame is drawn from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.bundle_writer import Reference
from codec.intra_picture import PictureCodec, decode_picture, encode_av1
from codec.keyframe_pool import KeyframePool
from codec.motion import motion_model
from codec.settings import EncoderSettings
from models.clip_cache import CachedClip

_FRAME_MS = 40


@dataclass(frozen=True)
class KeyframeSchedule:
    """Keyframes by the number of their frame."""

    pictures: dict[int, NDArray[np.uint8]]  #: (side, side, 3), as a receiver decodes them
    picks: list[tuple[int, int | None]]  #: of each frame: the best keyframe, and the second best if there are two
    kbps: float  #: what the keyframes' pictures cost


def live_schedule(clip: CachedClip, settings: EncoderSettings) -> KeyframeSchedule:
    """Make and pick keyframes as the live sender does, without knowing what comes."""
    pool = KeyframePool(motion_model(), settings)
    side = clip.frames.shape[1]
    pictures: dict[int, NDArray[np.uint8]] = {}
    picks: list[tuple[int, int | None]] = []
    total = 0
    for number, points in enumerate(clip.landmarks):
        landmarks = np.asarray(points, np.float64)
        time_ms = number * _FRAME_MS
        if pool.needs_keyframe(landmarks, time_ms):
            data = encode_av1(np.ascontiguousarray(clip.frames[number]), settings.keyframe_crf)
            pictures[number] = decode_picture(PictureCodec.AV1, data, side)
            motion = tuple(int(value) for value in clip.motion[number])
            pool.add(Reference(number, motion), landmarks, data, time_ms)
            total += len(data)
        ranked = [reference.number for reference in pool.pick(landmarks, time_ms, set())]
        picks.append((ranked[0], ranked[1] if len(ranked) > 1 else None))
    return KeyframeSchedule(pictures, picks, total * 8 / (len(picks) * _FRAME_MS))
