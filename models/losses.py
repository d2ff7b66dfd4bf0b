"""What training minimises. Each term has a weight of its name in the settings; a term of weight 0 costs nothing."""

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from models.networks.animator import Drawn
from models.networks.discriminator import Discriminator
from models.perceptual import Lpips


@dataclass(frozen=True, slots=True)
class LossWeights:
    """Weights of the terms."""

    l1: float  #: mean absolute error, lips and eyes counted `salient` times
    salient: float
    lpips_alex: float  #: LPIPS over AlexNet
    lpips_vgg: float  #: LPIPS over VGG-16
    enhancement: float  #: mean absolute error of BRG-ASE's picture at 64²
    smoothness: float  #: total variation of the flow's correction
    magnitude: float  #: mean square of the flow's correction
    temporal: float  #: error of the change from frame to frame (pictures come in pairs of consecutive frames)
    adversarial: float  #: hinge loss against the discriminator
    feature_matching: float  #: mean absolute difference of the discriminator's features
    adversarial_from: float  #: share of the training after which the discriminator comes in, 0…1


class Losses(nn.Module):
    """All terms of the animator's loss."""

    def __init__(self, weights: LossWeights, perceptual: Path | None = None) -> None:
        """Load the networks that the weights ask for. Raises `ModelFileError` if their files are missing."""
        super().__init__()
        self.weights = weights
        self.alex = Lpips("alexnet", perceptual) if weights.lpips_alex else None
        self.vgg = Lpips("vgg16", perceptual) if weights.lpips_vgg else None

    def forward(
        self,
        drawn: Drawn,
        target: Tensor,
        valid_auxiliary: Tensor,
        discriminator: Discriminator | None,
    ) -> dict[str, Tensor]:
        """Return the weighted terms by name, scalars; their sum is the loss.

        `target` is the original, (N, 3, H, W); `valid_auxiliary` is (N, 1); without a `discriminator` the adversarial
        terms are left out.
        """
        weights = self.weights
        picture = drawn.picture
        terms: dict[str, Tensor] = {}
        emphasis = self._emphasis(drawn.parts, picture.shape[-1])
        terms["l1"] = weights.l1 * ((picture - target).abs() * emphasis).mean()
        if self.alex is not None:
            terms["lpips_alex"] = weights.lpips_alex * self.alex(picture, target).mean()
        if self.vgg is not None:
            terms["lpips_vgg"] = weights.lpips_vgg * self.vgg(picture, target).mean()
        if weights.enhancement:
            small = functional.adaptive_avg_pool2d(target, drawn.enhanced.shape[-1])
            error = (drawn.enhanced - small).abs().mean((1, 2, 3)) * valid_auxiliary[:, 0]
            terms["enhancement"] = weights.enhancement * error.mean()
        if weights.smoothness:
            terms["smoothness"] = weights.smoothness * _total_variation(drawn.correction)
        if weights.magnitude:
            terms["magnitude"] = weights.magnitude * drawn.correction.square().mean()
        if weights.temporal:
            change = picture[1::2] - picture[::2]
            terms["temporal"] = weights.temporal * (change - (target[1::2] - target[::2])).abs().mean()
        if discriminator is not None:
            terms |= self._adversarial(picture, target, discriminator)
        return terms

    def _adversarial(self, picture: Tensor, target: Tensor, discriminator: Discriminator) -> dict[str, Tensor]:
        score, made = discriminator(picture)
        with torch.no_grad():
            _, real = discriminator(target)
        matching = sum(((a - b).abs().mean() for a, b in zip(made, real, strict=True)), torch.zeros_like(score.mean()))
        return {
            "adversarial": -self.weights.adversarial * score.mean(),
            "feature_matching": self.weights.feature_matching * matching / len(made),
        }

    def _emphasis(self, parts: Tensor, side: int) -> Tensor:
        """Return (N, 1, H, W) weights: `salient` on lips and eyes, 1 elsewhere."""
        salient = parts[:, :-1].sum(1, keepdim=True).clamp(0, 1)
        raised = functional.interpolate(salient, (side, side), mode="bilinear", align_corners=False)
        return 1 + (self.weights.salient - 1) * raised


def discriminator_loss(discriminator: Discriminator, picture: Tensor, target: Tensor) -> Tensor:
    """Return the hinge loss that teaches the discriminator to tell made from real pictures."""
    made, _ = discriminator(picture.detach())
    real, _ = discriminator(target)
    return functional.relu(1 + made).mean() + functional.relu(1 - real).mean()


def _total_variation(field: Tensor) -> Tensor:
    down = (field[:, :, 1:] - field[:, :, :-1]).abs().mean()
    across = (field[..., 1:] - field[..., :-1]).abs().mean()
    return down + across
