"""Small checkpoints: weights and their running average in half precision, the optimisers' state only if asked for."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.errors import TrainingSettingsError
from models.networks.animator import Animator
from models.networks.restorer import Restorer, RestorerSettings
from models.networks.settings import NetworkSettings

_VERSION = 1


@dataclass
class Checkpoint:
    """Where a training stands."""

    network: NetworkSettings
    weights: dict[str, Tensor]  #: empty in a file that is only to be exported or started from
    averaged: dict[str, Tensor]
    discriminator: dict[str, Tensor]  #: empty before it came in
    optimiser: dict[str, Any]  #: empty if not kept
    discriminator_optimiser: dict[str, Any]
    step: int
    minutes: float


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; an interrupted write leaves the old one."""
    stored = {
        "version": _VERSION,
        "network": {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(checkpoint.network).items()},
        "weights": _halved(checkpoint.weights),
        "averaged": _halved(checkpoint.averaged),
        "discriminator": _halved(checkpoint.discriminator),
        "optimiser": checkpoint.optimiser,
        "discriminator_optimiser": checkpoint.discriminator_optimiser,
        "step": checkpoint.step,
        "minutes": checkpoint.minutes,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    torch.save(stored, unfinished)
    unfinished.replace(path)


def save_result(path: Path, checkpoint: Checkpoint) -> None:
    """Write the averaged weights only: what is exported, in the smallest file."""
    nothing: dict[str, Any] = {}
    save_checkpoint(
        path,
        replace(
            checkpoint,
            weights=nothing,
            discriminator=nothing,
            optimiser=nothing,
            discriminator_optimiser=nothing,
        ),
    )


def load_checkpoint(path: Path, device: torch.device) -> Checkpoint:
    """Read a checkpoint. Raises `TrainingSettingsError` if it is missing or of another version."""
    stored = _read(path, device)
    if "network" not in stored:
        raise TrainingSettingsError(f"{path} holds no animator")
    network: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in stored.pop("network").items()}
    del stored["version"]
    for name in ("weights", "averaged", "discriminator"):
        stored[name] = {key: value.float() for key, value in stored[name].items()}
    stored["weights"] = stored["weights"] or stored["averaged"]
    return Checkpoint(network=NetworkSettings(**network), **stored)


def load_animator(path: Path, device: torch.device) -> Animator:
    """Return the animator with a checkpoint's averaged weights. Raises `TrainingSettingsError` as `load_checkpoint`."""
    checkpoint = load_checkpoint(path, device)
    animator = Animator(checkpoint.network)
    animator.to(device)
    animator.load_state_dict(checkpoint.averaged)
    animator.eval()
    return animator


def save_restorer(path: Path, restorer: Restorer) -> None:
    """Write a restorer in half precision; an interrupted write leaves the old one."""
    stored = {"version": _VERSION, "restorer": asdict(restorer.settings), "weights": _halved(weights_of(restorer))}
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    torch.save(stored, unfinished)
    unfinished.replace(path)


def load_restorer(path: Path) -> Restorer:
    """Read a restorer. Raises `TrainingSettingsError` if the file is missing or no restorer."""
    stored = _read(path, torch.device("cpu"))
    if "restorer" not in stored:
        raise TrainingSettingsError(f"{path} holds no restorer: make one with `python -m models.train_restorer`")
    restorer = Restorer(RestorerSettings(**stored["restorer"]))
    restorer.load_state_dict({key: value.float() for key, value in stored["weights"].items()})
    restorer.eval()
    return restorer


def weights_of(module: nn.Module) -> dict[str, Tensor]:
    """Return a module's own tensors, detached."""
    return {key: value.detach() for key, value in module.state_dict().items()}


def _read(path: Path, device: torch.device) -> dict[str, Any]:
    try:
        stored: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:
        raise TrainingSettingsError(f"{path} is no checkpoint: {error}") from error
    if stored.get("version") != _VERSION:
        raise TrainingSettingsError(f"{path} has version {stored.get('version')!r}, expected {_VERSION}")
    return stored


def _halved(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key: value.detach().to("cpu", torch.float16) for key, value in weights.items()}
