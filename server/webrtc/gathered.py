"""Bundles of several senders in one message for one recipient (docs/wire-format.md, "Relay envelope").

A message of its own costs each 93 bytes of headers, and in a large room they come to more than the bundles.
"""

from collections.abc import Iterable

from server.errors import ProtocolError

#: In the place of a sender's id, which is never 0.
GATHERED = 0
#: So many bytes fit into one packet with all headers.
LONGEST_MESSAGE = 1_150
_HEADER_BYTES = 3


def gathered_bytes(message: bytes) -> int:
    """Return how many bytes a message, a sender's id and a bundle, takes among others."""
    return len(message) + _HEADER_BYTES - 1


def gather(messages: Iterable[bytes]) -> bytes:
    """Return one message of several, each a sender's id and a bundle."""
    parts = [message[:1] + (len(message) - 1).to_bytes(2) + message[1:] for message in messages]
    return bytes((GATHERED,)) + b"".join(parts)


def split_gathered(message: bytes) -> list[tuple[int, bytes]]:
    """Return the senders' ids and bundles of a gathered message; raises `ProtocolError` if it is malformed."""
    found = []
    position = 1
    while position < len(message):
        begin = position + _HEADER_BYTES
        position = begin + int.from_bytes(message[begin - 2 : begin])
        if position > len(message) or position == begin or message[begin - _HEADER_BYTES] == GATHERED:
            raise ProtocolError(
                "bad-message", f"a gathered message of {len(message)} bytes breaks off or has no sender"
            )
        found.append((message[begin - _HEADER_BYTES], message[begin:position]))
    if not found or message[0] != GATHERED:
        raise ProtocolError("bad-message", f"a message of {len(message)} bytes gathers nothing")
    return found
