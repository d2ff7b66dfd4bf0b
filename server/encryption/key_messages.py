"""The control messages of the key exchange, which travel in the clear (docs/encryption.md, "Key exchange")."""

from dataclasses import dataclass
from typing import Protocol

from server.encryption.sealed_header import is_sealed
from server.protocol.message_fields import Fields, unpack_map

PUBLIC_BYTES = 65
MAC_BYTES = 16
WRAPPED_BYTES = 32
MOST_GENERATION = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class KeyOffer:
    """The public half of a participant's exchange key, with the proof that its owner has the link's key."""

    public: bytes  #: 65 bytes, an uncompressed P-256 point
    seals_voice: bool
    mac: bytes  #: 16 bytes

    def to_map(self) -> dict[str, object]:
        """Return the control message."""
        return {"type": "key-offer", "public": self.public, "seals_voice": self.seals_voice, "mac": self.mac}


@dataclass(frozen=True, slots=True)
class MediaKey:
    """A media key, wrapped for one recipient."""

    generation: int  #: 0–2³² − 1, growing
    wrapped: bytes  #: 32 bytes

    def to_map(self) -> dict[str, object]:
        """Return the control message."""
        return {"type": "media-key", "generation": self.generation, "wrapped": self.wrapped}


@dataclass(frozen=True, slots=True)
class KeyTaken:
    """The recipient has the media key of this generation."""

    generation: int

    def to_map(self) -> dict[str, object]:
        """Return the control message."""
        return {"type": "key-taken", "generation": self.generation}


@dataclass(frozen=True, slots=True)
class NoKey:
    """The answer to an offer of somebody whose link has no key."""

    def to_map(self) -> dict[str, object]:
        """Return the control message."""
        return {"type": "no-key"}


KeyMessage = KeyOffer | MediaKey | KeyTaken | NoKey


class KeyWire(Protocol):
    """The way that these messages go."""

    def send_key_message(self, recipient: int, message: KeyMessage) -> None:
        """Send a control message in the clear, to one participant or to everybody (0)."""


def parse_key_message(packet: bytes) -> KeyMessage | None:
    """Return the message of the key exchange that came as a control message; None if it is another, or sealed.

    Raises `ProtocolError` (`bad-message`) if it is malformed.
    """
    if is_sealed(packet):
        return None
    message = unpack_map(packet)
    kind = message.pop("type", None)
    parsed: KeyMessage
    fields = Fields(str(kind), message)
    match kind:
        case "key-offer":
            public, mac = _octets(fields, "public", PUBLIC_BYTES), _octets(fields, "mac", MAC_BYTES)
            parsed = KeyOffer(public, fields.flag("seals_voice"), mac)
        case "media-key":
            generation = fields.integer("generation", 0, MOST_GENERATION)
            parsed = MediaKey(generation, _octets(fields, "wrapped", WRAPPED_BYTES))
        case "key-taken":
            parsed = KeyTaken(fields.integer("generation", 0, MOST_GENERATION))
        case "no-key":
            parsed = NoKey()
        case _:
            return None
    fields.done()
    return parsed


def _octets(fields: Fields, name: str, length: int) -> bytes:
    value = fields.take(name)
    if not isinstance(value, bytes) or len(value) != length:
        raise fields.refuse(name, value, f"{length} bytes")
    return value
