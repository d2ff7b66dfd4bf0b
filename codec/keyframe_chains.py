"""Keyframes that somebody may need again, each with those that its picture is predicted from."""

from codec.intra_picture import PictureCodec
from codec.keyframes import CACHED_KEYFRAMES, NUMBERS


class KeyframeChains:
    """One sender's newest keyframes. A chain begins with an intra picture; its others continue it, number by number.

    Reading from another thread than the one that adds is safe.
    """

    def __init__(self) -> None:
        self._chains: tuple[tuple[bytes, ...], ...] = ()

    def add(self, keyframe: bytes) -> None:
        """Take the next keyframe; chains that no receiver still draws from are forgotten.

        One that continues what is not here can be decoded by nobody, and is left out.
        """
        if keyframe[0] & 15 == PictureCodec.AV1_NEXT:
            if self._chains and (self._chains[-1][-1][1] + 1) % NUMBERS == keyframe[1]:
                self._chains = (*self._chains[:-1], (*self._chains[-1], keyframe))
            return
        kept: list[tuple[bytes, ...]] = []
        for chain in reversed(self._chains):
            if sum(map(len, kept)) >= CACHED_KEYFRAMES - 1:
                break
            kept.insert(0, chain)
        self._chains = (*kept, (keyframe,))

    def newest(self, least: int) -> list[bytes]:
        """Return the newest chain, oldest first; with those before it while there are fewer than `least` keyframes."""
        found: list[bytes] = []
        for chain in reversed(self._chains):
            if len(found) >= least:
                break
            found = [*chain, *found]
        return found

    def since(self, number: int) -> list[bytes]:
        """Return the chain of the keyframe of this number and all after it; the newest chain if it is not known.

        It goes on to the newest keyframe, so that a receiver's decoder can go on from there.
        """
        for position, chain in reversed(list(enumerate(self._chains))):
            if any(keyframe[1] == number for keyframe in chain):
                return [keyframe for later in self._chains[position:] for keyframe in later]
        return list(self._chains[-1]) if self._chains else []

    def newest_length(self) -> int:
        """Return how many keyframes the newest chain has."""
        return len(self._chains[-1]) if self._chains else 0

    def newest_bytes(self) -> int:
        """Return how long the newest chain is."""
        return sum(map(len, self._chains[-1])) if self._chains else 0
