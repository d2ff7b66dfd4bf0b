"""One TOML file says everything about one training: network, sampling, augmentation, losses, schedule."""

import tomllib
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from models.augmentation import AugmentationSettings
from models.dataset import SamplingSettings
from models.errors import TrainingSettingsError
from models.losses import LossWeights
from models.networks.restorer import RestorerSettings
from models.networks.settings import NetworkSettings

Section = TypeVar("Section")


@dataclass(frozen=True, slots=True)
class ScheduleSettings:
    """How long and how fast."""

    steps: int  #: at most; a time limit may end it sooner
    batch: int
    window_cells: int  #: side of the drawn window in cells of the 64² core: 64 is the whole picture
    learning_rate: float  #: Adam's, at its highest; it falls with a cosine to a twentieth
    warmup_steps: int
    discriminator_learning_rate: float
    gradient_limit: float  #: norm
    averaging: float  #: share of the averaged weights that survives a step (exponential moving average)
    checkpoint_minutes: float


@dataclass(frozen=True, slots=True)
class RestorerTraining:
    """How the restorer of keyframes is trained."""

    steps: int  #: at most; a time limit may end it sooner
    batch: int
    window_side: int  #: pixels of the square that is cut out of a picture
    learning_rate: float  #: Adam's, at its highest
    warmup_steps: int
    gradient_limit: float  #: norm
    averaging: float  #: share of the averaged weights that survives a step
    perceptual: float  #: weight of LPIPS over AlexNet; the mean absolute error counts 1
    untouched_share: float  #: examples that are the original: what is good already must stay so
    checkpoint_minutes: float


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """All of it."""

    network: NetworkSettings
    sampling: SamplingSettings
    augmentation: AugmentationSettings
    loss: LossWeights
    schedule: ScheduleSettings


def read_settings(path: Path) -> TrainingSettings:
    """Read a file of settings. Raises `TrainingSettingsError` if an entry is missing, unknown or of another type."""
    tables = _tables(path)
    return TrainingSettings(
        network=_section(path, tables, "network", NetworkSettings),
        sampling=_section(path, tables, "sampling", SamplingSettings),
        augmentation=_section(path, tables, "augmentation", AugmentationSettings),
        loss=_section(path, tables, "loss", LossWeights),
        schedule=_section(path, tables, "schedule", ScheduleSettings),
    )


def read_restorer_settings(path: Path) -> tuple[RestorerSettings, RestorerTraining]:
    """Read the restorer's file of settings. Raises `TrainingSettingsError` as `read_settings` does."""
    tables = _tables(path)
    return _section(path, tables, "network", RestorerSettings), _section(path, tables, "training", RestorerTraining)


def _tables(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TrainingSettingsError(f"{path} cannot be read as TOML: {error}") from error


def _section(path: Path, tables: dict[str, Any], name: str, kind: type[Section]) -> Section:
    assert is_dataclass(kind)
    table = tables.get(name)
    if not isinstance(table, dict):
        raise TrainingSettingsError(f"{path} has no section [{name}]")
    known = {field.name: field.type for field in fields(kind)}
    if table.keys() != known.keys():
        differing = sorted(table.keys() ^ known.keys())
        raise TrainingSettingsError(f"{path}, section [{name}]: {differing[0]} is missing or unknown")
    values = {}
    for key, value in table.items():
        values[key] = _typed(value, known[key])
        if values[key] is None:
            raise TrainingSettingsError(f"{path}, section [{name}]: {key} = {value!r} should be {known[key]}")
    return kind(**values)


def _typed(value: object, kind: object) -> object | None:
    """Return a TOML value as the field's type, or None if it is another one."""
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if kind == tuple[int, ...] and isinstance(value, list) and all(type(item) is int for item in value):
        return tuple(value)
    return value if type(value) is kind else None
