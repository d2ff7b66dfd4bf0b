"""What calls do to pictures, done to samples: light, colour, blur, noise, another framing, the mirrored face."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as functional
from torch import Tensor

from codec.motion import motion_model
from models.dataset import Batch

TensorChange = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class AugmentationSettings:
    """Shares are probabilities in 0…1, the rest are largest strengths."""

    mirror_share: float
    frame_share: float
    zoom: float  #: a face is drawn up to this share larger or smaller
    shift: float  #: crop units
    colour_share: float
    gain: float  #: of each channel
    gamma: float
    exposure_drift: float  #: gain between keyframe and frame
    blur_share: float
    noise_share: float
    noise: float  #: standard deviation in the keyframes and the auxiliary frame, 0…1


def mirrored_points() -> Tensor:
    """Return for each of the 478 landmarks the one opposite: nearest pairs of the mean face and its mirror image."""
    mean = torch.tensor(motion_model().mean)
    distances = torch.cdist(mean * torch.tensor([-1.0, 1.0, 1.0]), mean)
    opposite = torch.full((len(mean),), -1)
    for place in distances.flatten().argsort().tolist():
        one, other = divmod(place, len(mean))
        if opposite[one] < 0 and opposite[other] < 0:
            opposite[one], opposite[other] = other, one
    return opposite


class Augmentation:
    """Changes batches; keyframes, frame and auxiliary frame of a sample alike."""

    def __init__(self, settings: AugmentationSettings, device: torch.device, seed: int = 0) -> None:
        self._settings = settings
        # Draws on the CPU: a GPU would have to be waited for.
        self._draws = torch.Generator().manual_seed(seed)
        self._generator = torch.Generator(device).manual_seed(seed)
        self._device = device
        self._opposite = mirrored_points().to(device)

    def __call__(self, batch: Batch, pair: int) -> Batch:
        """Return a changed batch; each `pair` consecutive samples are changed alike."""
        count = len(batch.target)
        for change in (self._mirror, self._frame, self._colour, self._blur):
            batch = change(batch, count, pair)
        return self._noise(batch)

    def _uniform(self, count: int, pair: int, low: float, high: float, channels: int = 1) -> Tensor:
        """Return (count, channels, 1, 1) numbers, equal within a pair."""
        values = low + (high - low) * torch.rand(count // pair, channels, 1, 1, generator=self._draws)
        return values.repeat_interleave(pair, 0).to(self._device, non_blocking=True)

    def _chosen(self, count: int, pair: int, share: float) -> Tensor:
        return self._uniform(count, pair, 0, 1) < share

    def _mirror(self, batch: Batch, count: int, pair: int) -> Batch:
        chosen = self._chosen(count, pair, self._settings.mirror_share)
        sign = torch.tensor([-1.0, 1.0, 1.0], device=self._device)

        def points(landmarks: Tensor) -> Tensor:
            return torch.where(chosen[..., 0], landmarks[:, self._opposite] * sign, landmarks)

        return _changed(batch, lambda picture: torch.where(chosen, picture.flip(3), picture), points)

    def _frame(self, batch: Batch, count: int, pair: int) -> Batch:
        """Move and scale the picture; what comes in from outside repeats the border."""
        settings = self._settings
        chosen = self._chosen(count, pair, settings.frame_share).float()
        scale = 1 + chosen * self._uniform(count, pair, -settings.zoom, settings.zoom)
        shift = chosen * self._uniform(count, pair, -settings.shift, settings.shift, 2)
        matrix = torch.zeros(count, 2, 3, device=self._device)
        matrix[:, 0, 0] = matrix[:, 1, 1] = 1 / scale[:, 0, 0, 0]
        matrix[:, :, 2] = -(shift / scale)[:, :, 0, 0]

        def move(picture: Tensor) -> Tensor:
            grid = functional.affine_grid(matrix, list(picture.shape), align_corners=False)
            return functional.grid_sample(picture, grid, padding_mode="border", align_corners=False)

        def points(landmarks: Tensor) -> Tensor:
            moved = torch.cat([shift[:, :, 0, 0], torch.zeros_like(shift[:, :1, 0, 0])], 1)
            return landmarks * scale[..., 0] + moved[:, None]

        return _changed(batch, move, points)

    def _colour(self, batch: Batch, count: int, pair: int) -> Batch:
        settings = self._settings
        chosen = self._chosen(count, pair, settings.colour_share).float()
        gain = 1 + chosen * self._uniform(count, pair, -settings.gain, settings.gain, 3)
        power = 1 + chosen * self._uniform(count, pair, -settings.gamma, settings.gamma)
        drift = 1 + chosen * self._uniform(count, pair, -settings.exposure_drift, settings.exposure_drift)

        def relight(picture: Tensor) -> Tensor:
            return (picture.clamp_min(1e-4) ** power * gain).clamp(0, 1)

        lit = _changed(batch, relight, lambda landmarks: landmarks)
        return replace(
            lit, picture_a=(lit.picture_a * drift).clamp(0, 1), picture_b=(lit.picture_b * drift).clamp(0, 1)
        )

    def _blur(self, batch: Batch, count: int, pair: int) -> Batch:
        """Put a soft camera in front: all pictures at full resolution lose their finest detail."""
        chosen = self._chosen(count, pair, self._settings.blur_share)

        def soften(picture: Tensor) -> Tensor:
            if picture.shape[-1] <= batch.auxiliary.shape[-1]:
                return picture
            padded = functional.pad(picture, (1, 1, 1, 1), mode="replicate")
            return torch.where(chosen, functional.avg_pool2d(padded, 3, 1), picture)

        return _changed(batch, soften, lambda landmarks: landmarks)

    def _noise(self, batch: Batch) -> Batch:
        count = len(batch.target)
        chosen = self._chosen(count, 1, self._settings.noise_share).float()
        strength = chosen * self._uniform(count, 1, 0, self._settings.noise)

        def add(picture: Tensor) -> Tensor:
            noise = torch.randn(picture.shape, generator=self._generator, device=self._device)
            return (picture + strength * noise).clamp(0, 1)

        return replace(
            batch, picture_a=add(batch.picture_a), picture_b=add(batch.picture_b),
            auxiliary=add(batch.auxiliary) * batch.valid_auxiliary[:, :, None, None],
        )  # fmt: skip


def _changed(batch: Batch, picture: TensorChange, points: TensorChange) -> Batch:
    visible = batch.valid_auxiliary[:, :, None, None]
    return replace(
        batch,
        picture_a=picture(batch.picture_a),
        picture_b=picture(batch.picture_b),
        auxiliary=picture(batch.auxiliary) * visible,
        target=picture(batch.target),
        landmarks_a=points(batch.landmarks_a),
        landmarks_b=points(batch.landmarks_b),
        landmarks=points(batch.landmarks),
    )
