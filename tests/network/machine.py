"""How busy the machine was: browsers that lack time show it in every score."""

from pathlib import Path

_IDLE, _WAITING = 3, 4


def processor_times() -> list[int]:
    """Return the ticks that all processors together have spent, by kind (proc(5), `/proc/stat`)."""
    return [int(ticks) for ticks in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]


def idle_share(before: list[int], after: list[int]) -> float:
    """Return the share of the time between two `processor_times` in which there was nothing to do."""
    spent = [later - earlier for earlier, later in zip(before, after, strict=True)]
    return (spent[_IDLE] + spent[_WAITING]) / max(1, sum(spent))
