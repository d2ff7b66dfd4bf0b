"""The landmark warp drawn from restored keyframes: `python -m models.restored_warp RESTORER FOLDER`.

All that is learned is run once per keyframe: a frame costs no more than the warp itself.
"""

import argparse
from pathlib import Path

import torch.nn.functional as functional
from torch import Tensor, nn

from models.checkpoint import load_restorer
from models.export import keyframe_graph, write_graph
from models.networks.restorer import Restorer
from models.warp import FEATURE_SIDE, SIDE, animate_graph

_NAME = "landmark warp of restored keyframes"


class _SmallCopy(nn.Module):
    """What the landmark warp caches of a keyframe, and never reads."""

    def forward(self, picture: Tensor, landmarks: Tensor) -> Tensor:
        """Return (N, 3, 64, 64)."""
        return functional.avg_pool2d(picture, SIDE // FEATURE_SIDE)


def write_restored_warp(restorer: Restorer, folder: Path) -> None:
    """Write both graphs."""
    write_graph(folder, "keyframe", keyframe_graph(_SmallCopy(), restorer), _NAME)
    write_graph(folder, "animate", animate_graph(), _NAME)


def main() -> None:
    """Export a restorer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("restorer", type=Path, metavar="RESTORER")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    write_restored_warp(load_restorer(arguments.restorer), arguments.folder)
    for path in sorted(arguments.folder.glob("*.onnx")):
        print(f"wrote {path} ({path.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
