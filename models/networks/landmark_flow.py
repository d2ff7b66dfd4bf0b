"""The first stage: dense flow and maps of the face's parts from landmarks, as the landmark warp makes its flow."""

import torch
from torch import Tensor, nn

from codec.motion import LANDMARKS
from models.networks.windows import CORE_SIDE, WHOLE, Window
from models.warp import BACKGROUND, BORDER, CORRECTIONS, KERNEL_RADIUS

#: Landmarks of the parts that the network is told apart: lips, lids and irises, by name of MediaPipe's mesh contours.
PARTS: dict[str, tuple[int, ...]] = {
    "upper lip, outer": (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291),
    "lower lip, outer": (146, 91, 181, 84, 17, 314, 405, 321, 375),
    "upper lip, inner": (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308),
    "lower lip, inner": (95, 88, 178, 87, 14, 317, 402, 318, 324),
    "upper lids": (246, 161, 160, 159, 158, 157, 173, 466, 388, 387, 386, 385, 384, 398),
    "lower lids": (33, 7, 163, 144, 145, 153, 154, 155, 133, 263, 249, 390, 373, 374, 380, 381, 382, 362),
    "irises": tuple(range(468, 478)),
}
#: Maps of `part_maps`: one for each part, then the share of the whole face.
PART_MAPS = len(PARTS) + 1


class LandmarkFlow(nn.Module):
    """Inverse distance weighting of landmark displacements (Shepard 1968), corrected by Van Cittert's iteration.

    The same numbers as `models.warp`, so that a network that adds nothing draws what the warp draws. Always float32.
    """

    _cells: Tensor
    _background: Tensor
    _parts: Tensor

    def __init__(self) -> None:
        super().__init__()
        centres = (torch.arange(CORE_SIDE) + 0.5) * 2 / CORE_SIDE - 1
        rows, columns = torch.meshgrid(centres, centres, indexing="ij")
        cells = torch.stack([columns, rows], -1)
        radius = cells.abs().amax(-1, keepdim=True)
        parts = torch.zeros(LANDMARKS, PART_MAPS)
        for number, points in enumerate(PARTS.values()):
            parts[list(points), number] = 1
        parts[:, -1] = 1
        self.register_buffer("_cells", cells, persistent=False)
        self.register_buffer("_background", BACKGROUND + BORDER * radius**8, persistent=False)
        self.register_buffer("_parts", parts, persistent=False)

    def part_maps(self, landmarks: Tensor, window: Window = WHOLE) -> Tensor:
        """Return (N, `PART_MAPS`, h, w) maps in 0…1 of where the parts of a face at (N, 478, 3) landmarks are."""
        columns = self._parts.expand(landmarks.shape[0], -1, -1)
        return self._interpolate(landmarks, columns, window)

    def forward(
        self, landmarks: Tensor, landmarks_a: Tensor, landmarks_b: Tensor, window: Window = WHOLE
    ) -> tuple[Tensor, Tensor]:
        """Return the flow (N, 4, h, w) from the frame to both keyframes, and maps (N, 2 + `PART_MAPS`, h, w).

        The flow is in crop units: x and y toward keyframe a, then toward b. The maps are how much deeper the surface
        was in each keyframe, then `part_maps`.
        """
        moves = torch.cat([landmarks_a - landmarks, landmarks_b - landmarks], 2)
        flat = torch.cat([moves[..., 0:2], moves[..., 3:5]], 2)
        depth = torch.cat([moves[..., 2:3], moves[..., 5:6]], 2)
        at_landmarks = self._kernel(landmarks[..., :2], landmarks)
        radius = landmarks[..., :2].abs().amax(-1, keepdim=True)
        share = at_landmarks.sum(2, keepdim=True) + (BACKGROUND + BORDER * radius**8)
        corrected = flat
        for _ in range(CORRECTIONS):
            corrected = corrected + (flat - at_landmarks @ corrected / share)
        columns = torch.cat([corrected, depth, self._parts.expand(landmarks.shape[0], -1, -1)], 2)
        drawn = self._interpolate(landmarks, columns, window)
        return drawn[:, :4], drawn[:, 4:]

    def _interpolate(self, landmarks: Tensor, columns: Tensor, window: Window) -> Tensor:
        """Return (N, C, h, w): the (N, 478, C) values of the landmarks on the window's cells, 0 in the background."""
        cells = self._cells[window.rows(), window.columns()].reshape(1, -1, 2)
        background = self._background[window.rows(), window.columns()].reshape(1, -1, 1)
        weights = self._kernel(cells, landmarks)
        # The last column of `columns` is 1 everywhere: its sum is the normaliser.
        summed = weights @ columns
        drawn = summed / (summed[..., -1:] + background)
        return drawn.transpose(1, 2).reshape(-1, columns.shape[2], window.side, window.side)

    @staticmethod
    def _kernel(points: Tensor, landmarks: Tensor) -> Tensor:
        """Return 1 / (d² + ε)² of (N, P, 2) points to (N, 478, 3) landmarks, (N, P, 478)."""
        x, y = points[..., 0:1], points[..., 1:2]
        left = torch.cat([-2 * x, -2 * y, x * x + y * y, torch.ones_like(x)], 2)
        u, v = landmarks[..., 0:1], landmarks[..., 1:2]
        right = torch.cat([u, v, torch.ones_like(u), u * u + v * v + KERNEL_RADIUS**2], 2)
        return (left @ right.transpose(1, 2)).square().reciprocal()
