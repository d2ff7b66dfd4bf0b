"""The control messages of the key exchange, which travel in the clear (docs/encryption.md, "Key exchange")."""

from dataclasses import dataclass

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


KeyMessage = KeyOffer | MediaKey | KeyTaken


def parse_key_message(packet: bytes) -> KeyMessage | None:
    """Return the message of the key exchange that came as a control message; None if it is another, or sealed.

    Raises `ProtocolError` (`bad-message`) if it is malformed.
    """
    if is_sealed(packet):
        return None
    message = unpack_map(packet)
    kind = message.get("type")
    if kind not in ("key-offer", "media-key", "key-taken"):
        return None
    fields = Fields(str(kind), {name: value for name, value in message.items() if name != "type"})
    parsed: KeyMessage
    if kind == "key-offer":
        parsed = KeyOffer(
            _octets(fields, "public", PUBLIC_BYTES), fields.flag("seals_voice"), _octets(fields, "mac", MAC_BYTES)
        )
    elif kind == "media-key":
        parsed = MediaKey(fields.integer("generation", 0, MOST_GENERATION), _octets(fields, "wrapped", WRAPPED_BYTES))
    else:
        parsed = KeyTaken(fields.integer("generation", 0, MOST_GENERATION))
    fields.done()
    return parsed


def _octets(fields: Fields, name: str, length: int) -> bytes:
    value = fields.take(name)
    if not isinstance(value, bytes) or len(value) != length:
        raise fields.refuse(name, value, f"{length} bytes")
    return value
