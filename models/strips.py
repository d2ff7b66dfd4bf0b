"""Sample strips: what the training draws, to be looked at (and never published: they show the people of the clips)."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as functional
from PIL import Image
from torch import Tensor

_ROWS = 4


def save_strip(path: Path, columns: list[Tensor]) -> None:
    """Write a PNG: of each sample a row, of each (N, 3, h, w) tensor in 0…1 a column, at most four rows."""
    side = max(column.shape[-1] for column in columns)
    cells = [functional.interpolate(column[:_ROWS].float(), (side, side), mode="bilinear") for column in columns]
    rows = torch.cat(cells, 3).clamp(0, 1).permute(0, 2, 3, 1).flatten(0, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.rint(rows.cpu().numpy() * 255).astype(np.uint8)).save(path)
