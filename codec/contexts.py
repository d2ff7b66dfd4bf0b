"""The range coder's contexts at the start of every bundle and keyframe: integers from a stored table."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import msgpack

from codec.entropy import PROBABILITY_BITS, RESIDUAL_CONTEXTS, Contexts
from codec.errors import ModelFileError
from codec.model_files import tables_folder
from codec.motion import MOTION_LENGTH, SHAPE_LENGTH

_ROWS = {"gap": 1, "gap_tree": 64, "mode": 4, "pick": 1}
_RESIDUAL_SETS = {"anchor": MOTION_LENGTH, "chain": MOTION_LENGTH, "shape": SHAPE_LENGTH, "keyframe": MOTION_LENGTH}


@dataclass(slots=True)
class EntropyContexts:
    """One fresh copy of every context; coding changes it."""

    gap: Contexts
    gap_tree: Contexts
    mode: Contexts
    pick: Contexts
    anchor: list[Contexts] = field(repr=False)
    chain: list[Contexts] = field(repr=False)
    shape: list[Contexts] = field(repr=False)
    keyframe: list[Contexts] = field(repr=False)


def fresh_contexts() -> EntropyContexts:
    """Return the contexts that a bundle or a keyframe starts with. Raises `ModelFileError` for a bad table."""
    table = _table()
    fresh: dict[str, Any] = {name: list(table[name]) for name in _ROWS}
    fresh |= {name: [list(row) for row in table[name]] for name in _RESIDUAL_SETS}
    return EntropyContexts(**fresh)


@cache
def _table() -> dict[str, Any]:
    path = tables_folder() / "entropy.msgpack"
    try:
        table: dict[str, Any] = msgpack.unpackb(path.read_bytes())
        if table.pop("version") != 1:
            raise ModelFileError(f"{path} has another version than 1")
        for name, length in _ROWS.items():
            _check_row(name, table[name], length)
        for name, rows in _RESIDUAL_SETS.items():
            if len(table[name]) != rows:
                raise ModelFileError(f"{name} has {len(table[name])} rows, expected {rows}")
            for row in table[name]:
                _check_row(name, row, RESIDUAL_CONTEXTS)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelFileError(f"cannot read the entropy table {path}: {error}") from error
    return table


def _check_row(name: str, row: list[int], length: int) -> None:
    if len(row) != length or not all(0 < p < 1 << PROBABILITY_BITS for p in row):
        raise ModelFileError(f"{name} needs {length} probabilities between 0 and {1 << PROBABILITY_BITS}")
