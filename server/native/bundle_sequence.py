"""What the sequence numbers of one sender's bundles tell."""

from codec.bundle import SEQUENCE_MODULUS

_WINDOW = 64
_LARGEST_JUMP = 1000


class BundleSequence:
    """Counts lost and repeated bundles. A jump far ahead or back begins a new sequence."""

    def __init__(self) -> None:
        self.lost = 0  #: have not come, though later ones have
        self.duplicates = 0
        self._newest: int | None = None
        self._seen: set[int] = set()

    def accept(self, number: int) -> bool:
        """Count the bundle of this sequence number; False if it has come before and is to be dropped."""
        newest = number if self._newest is None else self._newest
        step = (number - newest + SEQUENCE_MODULUS // 2) % SEQUENCE_MODULUS - SEQUENCE_MODULUS // 2
        if self._newest is None or step > _LARGEST_JUMP or step <= -_WINDOW:
            self._seen.clear()
            self._newest = number
        elif step > 0:
            self.lost += step - 1
            self._newest = number
        elif number in self._seen:
            self.duplicates += 1
            return False
        else:
            self.lost = max(0, self.lost - 1)
        self._seen.add(number)
        end = self._newest
        self._seen = {known for known in self._seen if (end - known) % SEQUENCE_MODULUS < _WINDOW}
        return True
