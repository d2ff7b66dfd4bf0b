"""How many signalling sockets are open, in all and by address."""

from collections import Counter
from types import TracebackType

from server.settings import LimitSettings


class Gate:
    """Counts open sockets, and those of them that have not asked to join."""

    def __init__(self, settings: LimitSettings) -> None:
        self._settings = settings
        self._open: Counter[str] = Counter()
        self._silent: Counter[str] = Counter()

    def is_full(self) -> bool:
        """Tell whether the server bears no further socket."""
        limits = self._settings
        return self._open.total() >= limits.open_sockets or self._silent.total() >= limits.sockets_before_join

    def is_full_for(self, address: str) -> bool:
        """Tell whether an address has as many sockets as it may."""
        limits = self._settings
        return (
            self._open[address] >= limits.open_sockets_of_address
            or self._silent[address] >= limits.sockets_before_join_of_address
        )

    def seat(self, address: str) -> "Seat":
        """Return a seat for a socket of an address; `with` takes and frees it."""
        return Seat(self._open, self._silent, address)


class Seat:
    """One open socket."""

    def __init__(self, opened: Counter[str], silent: Counter[str], address: str) -> None:
        self._open = opened
        self._silent = silent
        self._address = address
        self._is_silent = False

    def __enter__(self) -> "Seat":
        self._is_silent = True
        self._open[self._address] += 1
        self._silent[self._address] += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.has_joined()
        _decrement(self._open, self._address)

    def has_joined(self) -> None:
        """Note that the socket has asked to join."""
        if self._is_silent:
            self._is_silent = False
            _decrement(self._silent, self._address)


def _decrement(counts: Counter[str], address: str) -> None:
    counts[address] -= 1
    if not counts[address]:
        del counts[address]
