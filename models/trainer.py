"""One training run: networks, optimisers, running average; one step at a time."""

from contextlib import nullcontext
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from models.augmentation import Augmentation
from models.checkpoint import Checkpoint, weights_of
from models.dataset import Batch, TrainingSet
from models.errors import TrainingSettingsError
from models.learning_rate import learning_rate
from models.losses import Losses, discriminator_loss
from models.memory_layout import to_channels_last
from models.networks.animator import Animator, Drawn, Keyframe
from models.networks.discriminator import Discriminator
from models.networks.windows import CORE_SIDE, Window
from models.settings import TrainingSettings

Module = TypeVar("Module", bound=nn.Module)

_BETAS = (0.9, 0.99)


class Trainer:
    """Trains an animator; `progress` (0…1) is given from outside, so that steps or minutes may end a run."""

    def __init__(
        self, settings: TrainingSettings, training_set: TrainingSet, device: torch.device,
        perceptual: Path | None = None, compiled: bool = False,
    ) -> None:  # fmt: skip
        """Make the networks. Raises `ModelFileError` if the perceptual networks' weights are missing."""
        self.settings = settings
        self.device = device
        self.step = 0
        self.animator = _placed(Animator(settings.network), device)
        self.averaged = deepcopy(self.animator).eval().requires_grad_(False)
        self.discriminator: Discriminator | None = None
        self._losses = _placed(Losses(settings.loss, perceptual), device)
        self._training_set = training_set
        self._augmentation = Augmentation(settings.augmentation, device)
        self._in_pairs = settings.loss.temporal > 0
        self._optimiser = torch.optim.Adam(self.animator.parameters(), settings.schedule.learning_rate, _BETAS)
        self._discriminator_optimiser: torch.optim.Adam | None = None
        self._draw = torch.compile(self._draw_batch) if compiled else self._draw_batch

    def train_step(self, progress: float) -> dict[str, Tensor]:
        """Take one step and return the terms of the loss, not yet read from the device."""
        schedule, weights = self.settings.schedule, self.settings.loss
        if weights.adversarial and self.discriminator is None and progress >= weights.adversarial_from:
            self._begin_adversary()
        self._set_learning_rate(progress)
        pair = 2 if self._in_pairs else 1
        with torch.no_grad():
            batch = self._augmentation(self._training_set.batch(schedule.batch, self._in_pairs), pair)
        window = self._random_window()
        target = self._cut(batch.target, window)
        with self._half_precision():
            drawn = self._draw(batch, window)
            terms: dict[str, Tensor] = self._losses(drawn, target, batch.valid_auxiliary, self.discriminator)
        total = torch.stack(list(terms.values())).sum()
        self._optimiser.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(self.animator.parameters(), schedule.gradient_limit)
        self._optimiser.step()
        if self.discriminator is not None:
            terms["discriminator"] = self._discriminator_step(drawn.picture, target)
        self.step += 1
        self._average()
        return terms

    def sample(self, size: int) -> list[Tensor]:
        """Return columns of a strip: both keyframes, auxiliary frame, picture of the averaged network, original."""
        batch = self._training_set.batch(size, self._in_pairs)
        with torch.no_grad():
            drawn = draw(self.averaged, batch, Window())
        return [batch.picture_a, batch.picture_b, batch.auxiliary, drawn.enhanced, drawn.picture, batch.target]

    def checkpoint(self, minutes: float, with_optimisers: bool) -> Checkpoint:
        """Return where the training stands."""
        adversary = self._discriminator_optimiser
        return Checkpoint(
            network=self.settings.network,
            weights=weights_of(self.animator),
            averaged=weights_of(self.averaged),
            discriminator=weights_of(self.discriminator) if self.discriminator else {},
            optimiser=self._optimiser.state_dict() if with_optimisers else {},
            discriminator_optimiser=adversary.state_dict() if adversary and with_optimisers else {},
            step=self.step,
            minutes=minutes,
        )

    def resume(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint. Raises `TrainingSettingsError` if it is of another network."""
        if replace(checkpoint.network, name=self.settings.network.name) != self.settings.network:
            raise TrainingSettingsError(f"the checkpoint's network is {checkpoint.network}, not the settings'")
        self.animator.load_state_dict(checkpoint.weights)
        self.averaged.load_state_dict(checkpoint.averaged)
        self.step = checkpoint.step
        if checkpoint.optimiser:
            self._optimiser.load_state_dict(checkpoint.optimiser)
        if checkpoint.discriminator:
            optimiser = self._begin_adversary()
            assert self.discriminator is not None
            self.discriminator.load_state_dict(checkpoint.discriminator)
            if checkpoint.discriminator_optimiser:
                optimiser.load_state_dict(checkpoint.discriminator_optimiser)

    def _draw_batch(self, batch: Batch, window: Window) -> Drawn:
        return draw(self.animator, batch, window)

    def _begin_adversary(self) -> torch.optim.Adam:
        self.discriminator = _placed(Discriminator(), self.device)
        rate = self.settings.schedule.discriminator_learning_rate
        self._discriminator_optimiser = torch.optim.Adam(self.discriminator.parameters(), rate, (0.5, 0.99))
        return self._discriminator_optimiser

    def _discriminator_step(self, picture: Tensor, target: Tensor) -> Tensor:
        assert self.discriminator is not None
        assert self._discriminator_optimiser is not None
        # The animator's loss left gradients here too.
        self._discriminator_optimiser.zero_grad(set_to_none=True)
        with self._half_precision():
            loss = discriminator_loss(self.discriminator, picture, target)
        loss.backward()
        self._discriminator_optimiser.step()
        return loss.detach()

    def _set_learning_rate(self, progress: float) -> None:
        schedule = self.settings.schedule
        rate = learning_rate(schedule.learning_rate, progress, self.step, schedule.warmup_steps)
        for group in self._optimiser.param_groups:
            group["lr"] = rate

    def _average(self) -> None:
        kept = min(self.settings.schedule.averaging, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            averaged: list[Tensor] = list(self.averaged.parameters())
            torch._foreach_lerp_(averaged, list[Tensor](self.animator.parameters()), 1 - kept)

    def _random_window(self) -> Window:
        side = self.settings.schedule.window_cells
        top, left = (int(place) for place in torch.randint(0, CORE_SIDE - side + 1, (2,)))
        return Window(top, left, side)

    def _cut(self, pictures: Tensor, window: Window) -> Tensor:
        scale = self.settings.network.picture_side // CORE_SIDE
        return pictures[:, :, window.rows(scale), window.columns(scale)]

    def _half_precision(self) -> "torch.autocast | nullcontext[None]":
        return torch.autocast("cuda", torch.bfloat16) if self.device.type == "cuda" else nullcontext()


def draw(animator: Animator, batch: Batch, window: Window) -> Drawn:
    """Draw a batch's frames, or a window of them."""
    features_a = animator.encoder(batch.picture_a, batch.landmarks_a)
    features_b = animator.encoder(batch.picture_b, batch.landmarks_b)
    drawn: Drawn = animator(
        Keyframe(batch.picture_a, features_a, batch.landmarks_a),
        Keyframe(batch.picture_b, features_b, batch.landmarks_b),
        batch.valid_b,
        batch.landmarks,
        batch.auxiliary[:, :, window.rows(), window.columns()],
        batch.valid_auxiliary,
        window,
    )
    return drawn


def _placed(module: Module, device: torch.device) -> Module:
    """Move a module to the device; on a GPU in the memory layout that its convolutions like best."""
    module.to(device)
    if device.type == "cuda":
        to_channels_last(module)
    return module
