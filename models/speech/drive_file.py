"""A trained drive on disk, before it is exported."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from models.errors import TrainingSettingsError
from models.speech.mouth_modes import MouthModes
from models.speech.networks import MouthFusion, SpeechEncoder

_VERSION = 1


@dataclass(frozen=True)
class TrainedDrive:
    """The modes that both networks speak of, and the networks."""

    modes: MouthModes
    encoder: SpeechEncoder
    fusion: MouthFusion


def save_drive(path: Path, drive: TrainedDrive) -> None:
    """Write a drive."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = {"version": _VERSION, "encoder": drive.encoder.state_dict(), "fusion": drive.fusion.state_dict()}
    torch.save(stored, path)


def load_drive(path: Path) -> TrainedDrive:
    """Read a drive. Raises `TrainingSettingsError` if there is none, or one of another version."""
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise TrainingSettingsError(f"{path} is no drive: {error}") from error
    if stored.get("version") != _VERSION:
        raise TrainingSettingsError(f"{path} has version {stored.get('version')!r}, expected {_VERSION}")
    weights = stored["fusion"]
    modes = MouthModes(np.asarray(weights["project"].numpy()), np.asarray(weights["lift"].numpy()))
    encoder, fusion = SpeechEncoder(), MouthFusion(modes)
    encoder.load_state_dict(stored["encoder"])
    fusion.load_state_dict(weights)
    return TrainedDrive(modes, encoder.eval(), fusion.eval())
