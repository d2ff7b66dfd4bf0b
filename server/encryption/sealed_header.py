"""The header of a sealed packet (docs/encryption.md, "Sealed packets")."""

from dataclasses import dataclass
from enum import IntEnum

from server.encryption.errors import Drop, OpeningError

KEY_IDS = 4

_FIXED = 0x0320
_FIXED_MASK = 0x8320
_KEY_SHIFT, _SPEECH, _SHORT_BITS = 13, 1 << 12, 9
_MORE_BITS = 16


class Lane(IntEnum):
    """What is sealed, each with counters of its own. Values are those of the nonce."""

    VOICE = 1
    MOTION = 2
    KEYFRAME = 3
    CONTROL = 4

    @property
    def counter_bits(self) -> int:
        """How many low bits of the counter travel: more where messages for others leave gaps."""
        return _SHORT_BITS + (_MORE_BITS if self in (Lane.KEYFRAME, Lane.CONTROL) else 0)

    @property
    def header_bytes(self) -> int:
        """Length of the header."""
        return 2 if self.counter_bits == _SHORT_BITS else 4


def is_sealed(packet: bytes) -> bool:
    """Tell sealed bytes from Opus packets and msgpack maps, neither of which begin so."""
    return len(packet) >= 2 and int.from_bytes(packet[:2]) & _FIXED_MASK == _FIXED


def speech_in(bundle: bytes) -> bool:
    """Return a bundle's voice flag (docs/wire-format.md, "Bundle"), which its header repeats for the relay."""
    return bool(bundle[:1] and bundle[0] & 1)


@dataclass(frozen=True, slots=True)
class SealedHeader:
    """What stands in the clear before the ciphertext."""

    key_id: int  #: the key's generation modulo 4
    speech: bool  #: somebody speaks, for the relay
    low_counter: int  #: the low bits of the packet's counter, as many as the lane sends

    @classmethod
    def parse(cls, lane: Lane, packet: bytes) -> "SealedHeader":
        """Return the header of a packet. Raises `OpeningError` if it has none."""
        if not is_sealed(packet) or len(packet) < lane.header_bytes:
            raise OpeningError(Drop.UNSEALED, f"{len(packet)} bytes in the clear where only sealed ones are taken")
        word, more = int.from_bytes(packet[:2]), int.from_bytes(packet[2 : lane.header_bytes])
        low = word >> 3 & 0x180 | word >> 1 & 0x60 | word & 0x1F
        return cls(word >> _KEY_SHIFT & KEY_IDS - 1, bool(word & _SPEECH), more << _SHORT_BITS | low)

    def to_bytes(self, lane: Lane) -> bytes:
        """Return the header's bytes on a lane."""
        low = self.low_counter
        spread = (low & 0x180) << 3 | (low & 0x60) << 1 | low & 0x1F
        word = self.key_id << _KEY_SHIFT | self.speech * _SPEECH | spread | _FIXED
        return word.to_bytes(2) + (low >> _SHORT_BITS).to_bytes(lane.header_bytes - 2)
