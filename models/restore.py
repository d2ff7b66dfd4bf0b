"""Makes a training cache whose keyframes are restored: `python -m models.restore CACHE RESTORER RESTORED`.

Weights with a restorer draw from restored keyframes only: an animator that goes with them must learn from such. The
other arrays are the same files as CACHE's.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from models.checkpoint import load_restorer
from models.clip_cache import is_cached, link_clip, read_clips
from models.networks.restorer import Restorer

_BATCH = 8


def restored(restorer: Restorer, pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (n, side, side, 3) pictures restored; side is a multiple of 4."""
    done = np.empty_like(pictures)
    for start in range(0, len(pictures), _BATCH):
        batch = torch.from_numpy(np.array(pictures[start : start + _BATCH])).permute(0, 3, 1, 2).float() / 255
        with torch.no_grad():
            better = restorer(batch)
        done[start : start + _BATCH] = (better * 255).round().byte().permute(0, 2, 3, 1).numpy()
    return done


def restore_cache(cache: Path, restorer: Restorer, target: Path) -> None:
    """Write `target`; clips that it has already are kept."""
    clips = [clip for clip in read_clips(cache) if not is_cached(target, clip.name)]
    for clip in tqdm(clips, desc="restoring", unit="clip"):
        link_clip(cache, target, clip.name, keyframes=restored(restorer, np.asarray(clip.keyframes)))


def main() -> None:
    """Restore a cache."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cache", type=Path, metavar="CACHE")
    parser.add_argument("restorer", type=Path, metavar="RESTORER", help="from models.train_restorer")
    parser.add_argument("restored", type=Path, metavar="RESTORED", help="on the same file system as CACHE")
    arguments = parser.parse_args()
    restore_cache(arguments.cache, load_restorer(arguments.restorer).eval(), arguments.restored)


if __name__ == "__main__":
    main()
