"""Makes the training cache of a folder of clips: `python -m models.prepare CLIPS LANDMARKS CACHE`.

LANDMARKS is what `models.landmark_cache` wrote for the same folder. Each clip becomes a folder of the cache (see
`models.clip_cache`): its frames, the motion a sender would have quantised, the landmarks a receiver rebuilds from it,
keyframes coded as a sender codes them (each predicted from those before) and coded auxiliary frames. Finished clips are
kept, unfit ones are named at the end.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from codec.keyframes import NUMBERS, Keyframe
from codec.motion import motion_model, quantise
from codec.picture_stream import PictureStreamDecoder, PictureStreamEncoder
from codec.settings import EncoderSettings
from models.auxiliary_frames import code_auxiliary
from models.clip_cache import CachedClip, is_cached, write_clip
from models.clips import TalkingClip, clip_name, find_clips, load_clip
from models.errors import TrainingDataError

Pictures = NDArray[np.uint8]

AUXILIARY_CRFS = (36, 46, 56)
#: Those of calls and files from 5 to 40 kbit/s. A clip's keyframes are coded twice, at two of them.
KEYFRAME_CRFS = (46, 52, 57, 61)
FRAMES_PER_KEYFRAME = 10


def cache_clip(clip: TalkingClip) -> CachedClip:
    """Do to a clip what a sender and a receiver do to it."""
    model = motion_model()
    hysteresis = EncoderSettings().hysteresis
    shape = model.fit_shape(clip.landmarks[0])
    motions: list[tuple[int, ...]] = []
    for points in clip.landmarks:
        motions.append(quantise(model.fit(shape, points), motions[-1] if motions else None, hysteresis))
    numbers = np.arange(0, len(clip.pictures), FRAMES_PER_KEYFRAME)
    crfs = keyframe_crfs(clip.name)
    keyframes = [code_keyframes(clip.pictures[numbers], crf) for crf in crfs]
    coded = [code_auxiliary(clip.pictures, crf) for crf in AUXILIARY_CRFS]
    return CachedClip(
        name=clip.name,
        identity=clip.identity,
        frames=clip.pictures,
        tracked=clip.landmarks.astype(np.float32),
        shape=np.array(shape, np.int16),
        motion=np.array(motions, np.int16),
        landmarks=np.stack([model.landmarks(shape, motion) for motion in motions]).astype(np.float32),
        keyframe_numbers=np.tile(numbers, len(crfs)).astype(np.int32),
        keyframe_crfs=np.repeat(crfs, len(numbers)).astype(np.int32),
        keyframes=np.concatenate(keyframes),
        auxiliary=np.stack([pictures for pictures, _ in coded]),
        auxiliary_kbps=np.array([kbps for _, kbps in coded], np.float32),
    )


def keyframe_crfs(name: str) -> list[int]:
    """Return the two qualities at which this clip's keyframes are coded: its name decides."""
    first = hashlib.sha256(name.encode()).digest()[0] % (len(KEYFRAME_CRFS) // 2)
    return list(KEYFRAME_CRFS[first::2])


def code_keyframes(pictures: Pictures, crf: int) -> Pictures:
    """Return (k, side, side, 3) pictures as a receiver decodes them, each predicted from those before it."""
    side = pictures.shape[1]
    encoder, decoder = PictureStreamEncoder(side, crf), PictureStreamDecoder()
    decoded = []
    for number, picture in enumerate(pictures):
        codec, data = encoder.encode(picture)
        decoded.append(decoder.decode(Keyframe(number % NUMBERS, 0, side, None, None, codec, data)))
    return np.stack(decoded)


def prepare_folder(clips: Path, landmarks: Path, cache: Path, side: int) -> dict[str, str]:
    """Cache every clip that is not cached yet; return the reasons for those that failed, by name."""
    failures = {}
    for path in tqdm(find_clips(clips), desc="preparing", unit="clip"):
        name = clip_name(clips, path)
        if is_cached(cache, name):
            continue
        track = landmarks / f"{name}.npy"
        try:
            if not track.is_file():
                raise TrainingDataError(f"no landmarks at {track}: run `python -m models.landmark_cache` first")
            write_clip(cache, cache_clip(load_clip(clips, path, np.load(track), side)))
        except TrainingDataError as error:
            failures[path.name] = str(error)
    return failures


def main() -> None:
    """Prepare a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, metavar="CLIPS")
    parser.add_argument("landmarks", type=Path, metavar="LANDMARKS")
    parser.add_argument("cache", type=Path, metavar="CACHE")
    parser.add_argument("--side", type=int, default=256, help="pixels of the square pictures")
    arguments = parser.parse_args()
    failures = prepare_folder(arguments.clips, arguments.landmarks, arguments.cache, arguments.side)
    for name, reason in failures.items():
        print(f"skipped {name}: {reason}")


if __name__ == "__main__":
    main()
