"""Which counters of one lane have come (docs/encryption.md, "Replay")."""

WINDOW = 64


class ReplayWindow:
    """Completes counters of which the low bits came, and knows those of the newest 64 that have been accepted."""

    def __init__(self) -> None:
        self._newest = -1
        self._seen = 0  # bit n: the counter n before the newest

    def complete(self, low: int, bits: int) -> int:
        """Return the counter with these low `bits`, from 63 before the newest on; may be negative at the start."""
        oldest = self._newest - WINDOW + 1
        return oldest + (low - oldest) % (1 << bits)

    def is_new(self, counter: int) -> bool:
        """Tell whether a completed counter may be accepted."""
        behind = self._newest - counter
        return counter >= 0 and (behind < 0 or (behind < WINDOW and not self._seen >> behind & 1))

    def accept(self, counter: int) -> None:
        """Note a counter whose packet was good."""
        if counter > self._newest:
            self._seen = self._seen << min(counter - self._newest, WINDOW) & (1 << WINDOW) - 1
            self._newest = counter
        self._seen |= 1 << self._newest - counter
