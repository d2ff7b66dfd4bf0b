"""Drawing a picture through a flow (backward warping)."""

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from models.networks.windows import Window


class Sampler(nn.Module):
    """Samples pictures or features of `side`² at flows given on the same grid."""

    _centres: Tensor

    def __init__(self, side: int, core_side: int) -> None:
        super().__init__()
        self._limit = 1 - 1 / side
        self._scale = side // core_side
        centres = (torch.arange(side) + 0.5) * 2 / side - 1
        rows, columns = torch.meshgrid(centres, centres, indexing="ij")
        # A buffer: computed in the graph, the base grid fails to load in onnxruntime.
        self.register_buffer("_centres", torch.stack([columns, rows])[None], persistent=False)

    def forward(self, source: Tensor, flow: Tensor, window: Window) -> tuple[Tensor, Tensor]:
        """Return `source` (N, C, side, side) seen through `flow` (N, 2, h, w), and where that was inside (N, 1, h, w).

        Outside, the nearest border shows: the grid is clamped, which costs less than `border` padding.
        """
        grid = flow + self._centres[:, :, window.rows(self._scale), window.columns(self._scale)]
        inside = (grid.abs().amax(1, keepdim=True) <= 1).to(grid.dtype)
        clamped = grid.clamp(-self._limit, self._limit).permute(0, 2, 3, 1)
        # In half precision a grid would be half a pixel off: sampled as precisely as the flow is given.
        drawn = functional.grid_sample(
            source.to(grid.dtype), clamped, mode="bilinear", padding_mode="zeros", align_corners=False
        )
        return drawn, inside
