"""Bundles behind the sound of an Opus packet, in its padding (docs/wire-format.md, "Trailer").

The packet stays one that any Opus decoder plays: decoders skip padding (RFC 6716, section 3.2.5), and what lies in
it are extensions as draft-ietf-mlcodec-opus-extension frames them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from server.errors import ProtocolError

MOST_BYTES = 1140
"""No packet with a trailer is longer, so that it fits one datagram everywhere, sealed too (10 bytes more)."""

_EXTENSION = 122
_TO_THE_END = _EXTENSION << 1
_WITH_LENGTH = _TO_THE_END | 1
_SILENCE_TOC = 3 << 3
_HAS_PADDING, _HAS_LENGTHS, _FRAMES = 0x40, 0x80, 0x3F


@dataclass(frozen=True, slots=True)
class _Packet:
    """An Opus packet taken apart (RFC 6716, section 3.2)."""

    toc: int  #: first byte, without the frame count code
    frames: int
    has_lengths: bool  #: frames of different lengths: the body begins with the lengths of all but the last
    body: bytes
    padding: bytes

    @classmethod
    def parse(cls, data: bytes) -> "_Packet":
        if not data:
            raise _bad("an Opus packet of no bytes")
        toc, code, rest = data[0] & ~3, data[0] & 3, data[1:]
        if code < 3:
            return cls(toc, 2 if code else 1, code == 2, rest, b"").checked()
        if not rest or not rest[0] & _FRAMES:
            raise _bad("an Opus packet of no frames")
        flags, position, padding = rest[0], 1, 0
        while flags & _HAS_PADDING:
            if position == len(rest):
                raise _bad("an Opus packet that ends within the length of its padding")
            byte = rest[position]
            position += 1
            padding += min(byte, 254)
            if byte < 255:
                break
        end = len(rest) - padding
        if end < position:
            raise _bad(f"an Opus packet of {len(data)} bytes with {padding} bytes of padding")
        packet = cls(toc, flags & _FRAMES, bool(flags & _HAS_LENGTHS), rest[position:end], rest[end:])
        return packet.checked()

    def checked(self) -> "_Packet":
        self.sound_bytes()
        return self

    def sound_bytes(self) -> int:
        """Return how many bytes all frames have together."""
        if not self.has_lengths:
            if len(self.body) % self.frames:
                raise _bad(f"{self.frames} Opus frames of equal length in {len(self.body)} bytes")
            return len(self.body)
        position = total = 0
        for _ in range(self.frames - 1):
            head = self.body[position : position + 2]
            if not head or (head[0] > 251 and len(head) < 2):
                raise _bad("an Opus packet that ends within the lengths of its frames")
            position += 1 if head[0] < 252 else 2
            total += head[0] if head[0] < 252 else head[0] + 4 * head[1]
        if position + total > len(self.body):
            raise _bad(f"Opus frames of {total} bytes in {len(self.body) - position}")
        return len(self.body) - position

    def plain(self) -> bytes:
        """Return the shortest packet of the same frames, without padding."""
        if self.frames == 1:
            return bytes((self.toc,)) + self.body
        if self.frames == 2:
            return bytes((self.toc | (2 if self.has_lengths else 1),)) + self.body
        return bytes((self.toc | 3, self.frames | self.has_lengths * _HAS_LENGTHS)) + self.body

    def padded(self, padding: bytes) -> bytes:
        """Return the packet with other padding, at least one byte."""
        full, last = divmod(len(padding), 254)
        head = bytes((self.toc | 3, self.frames | self.has_lengths * _HAS_LENGTHS | _HAS_PADDING))
        return head + b"\xff" * full + bytes((last,)) + self.body + padding


def add_trailer(voice: bytes, bundles: Sequence[bytes]) -> bytes:
    """Return the Opus packet `voice` with these bundles (at least one, none empty) behind its sound.

    Empty `voice` gives a packet without sound. Padding that the packet had goes. Raises `ProtocolError` if `voice`
    is malformed or has no sound, or the result is longer than 1 140 bytes.
    """
    packet = _Packet.parse(voice) if voice else _Packet(_SILENCE_TOC, 1, False, b"", b"")
    if voice and not packet.sound_bytes():
        raise _bad("an Opus packet without sound, which would be taken for none")
    if not bundles or not all(bundles):
        raise _bad("a trailer needs bundles, and none of them empty")
    *others, last = bundles
    trailer = b"".join(bytes((_WITH_LENGTH,)) + _length(bundle) + bundle for bundle in others)
    result = packet.padded(trailer + bytes((_TO_THE_END,)) + last)
    if len(result) > MOST_BYTES:
        raise _bad(f"a packet of {len(result)} bytes with its trailer, at most {MOST_BYTES} are sent")
    return result


def split_trailer(payload: bytes) -> tuple[bytes, list[bytes]]:
    """Return the voice of an RTP payload, empty if it has none, and the bundles behind it.

    A packet without padding, or with padding of others, is voice and comes back as it is. Raises `ProtocolError` if
    the payload is malformed as an Opus packet or its trailer is.
    """
    if not payload or payload[0] & 3 != 3:
        return payload, []
    packet = _Packet.parse(payload)
    if packet.padding[:1] not in (bytes((_TO_THE_END,)), bytes((_WITH_LENGTH,))):
        return payload, []
    bundles = _bundles(packet.padding)
    return packet.plain() if packet.sound_bytes() else b"", bundles


def _bundles(padding: bytes) -> list[bytes]:
    bundles: list[bytes] = []
    position = 0
    while padding[position : position + 1] == bytes((_WITH_LENGTH,)):
        position += 1
        length = 0
        while padding[position : position + 1] == b"\xff":
            length += 255
            position += 1
        if position == len(padding):
            raise _bad("a trailer that ends within a length")
        length += padding[position]
        position += 1
        bundles.append(padding[position : position + length])
        position += length
    if padding[position : position + 1] != bytes((_TO_THE_END,)):
        raise _bad("a trailer whose last bundle is missing or foreign")
    bundles.append(padding[position + 1 :])
    if not all(bundles):
        raise _bad("a trailer with an empty bundle")
    return bundles


def _length(bundle: bytes) -> bytes:
    full, last = divmod(len(bundle), 255)
    return b"\xff" * full + bytes((last,))


def _bad(what: str) -> ProtocolError:
    return ProtocolError("bad-message", what)
