"""Carries a training cache to a machine that gets little and has no network: `python -m models.pack CACHE PACK`.

A pack is a few dozen megabytes: H.264 video of frames, keyframes and auxiliary frames, the quantised motion, and the
perceptual networks in half precision. `python -m models.unpack PACK CACHE` makes a cache of it again, elsewhere.
"""

import argparse
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from models.clip_cache import CachedClip, read_clips
from models.errors import TrainingDataError
from models.perceptual import save_compact

_KEYFRAME_CRF = 14
_AUXILIARY_CRF = 16
PERCEPTUAL_FILE = "perceptual.npz"


def pack_clip(clip: CachedClip, folder: Path, frame_crf: int) -> None:
    """Write one clip's part of a pack: `NAME.npz`, `NAME.frames.mp4`, `NAME.keyframes.mp4`, `NAME.auxiliaryN.mp4`."""
    np.savez_compressed(
        folder / f"{clip.name}.npz",
        identity=np.array(clip.identity),
        shape=clip.shape,
        motion=clip.motion,
        keyframe_numbers=clip.keyframe_numbers,
        keyframe_crfs=clip.keyframe_crfs,
        auxiliary_kbps=clip.auxiliary_kbps,
    )
    _write_video(folder / f"{clip.name}.frames.mp4", clip.frames, frame_crf, 250)
    _write_video(folder / f"{clip.name}.keyframes.mp4", clip.keyframes, _KEYFRAME_CRF, 50)
    for level, pictures in enumerate(clip.auxiliary):
        _write_video(folder / f"{clip.name}.auxiliary{level}.mp4", pictures, _AUXILIARY_CRF, 250)


def _write_video(path: Path, pictures: NDArray[np.uint8], crf: int, longest_group: int) -> None:
    """Write (n, side, side, 3) RGB pictures as H.264 in MP4."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(25))
        stream.width = stream.height = pictures.shape[1]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": str(crf), "preset": "slow", "g": str(longest_group), "threads": "1"}
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def main() -> None:
    """Pack a cache."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cache", type=Path, metavar="CACHE")
    parser.add_argument("pack", type=Path, metavar="PACK")
    parser.add_argument("--frame-crf", type=int, default=25, help="H.264 quality of the frames, 0 (best) to 51")
    arguments = parser.parse_args()
    clips = read_clips(arguments.cache)
    if not clips:
        raise TrainingDataError(f"no clip in {arguments.cache}: run `python -m models.prepare` first")
    arguments.pack.mkdir(parents=True, exist_ok=True)
    for clip in tqdm(clips, desc="packing", unit="clip"):
        if not (arguments.pack / f"{clip.name}.done").exists():
            pack_clip(clip, arguments.pack, arguments.frame_crf)
            (arguments.pack / f"{clip.name}.done").touch()
    save_compact(arguments.pack / PERCEPTUAL_FILE)
    size = sum(path.stat().st_size for path in arguments.pack.iterdir())
    print(f"{arguments.pack}: {size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
