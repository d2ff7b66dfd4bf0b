"""The three data channels and the byte that the relay swaps in each message (docs/wire-format.md)."""

import math
from dataclasses import dataclass
from enum import StrEnum

from server.errors import ProtocolError
from server.webrtc.outgoing import OutgoingQueue

EVERYBODY = 0


class Channel(StrEnum):
    """A data channel, by its label."""

    MOTION = "motion"
    KEYFRAME = "keyframe"
    CONTROL = "control"


@dataclass(frozen=True)
class ChannelTraits:
    """How a channel is opened and what it may carry."""

    ordered: bool
    max_retransmits: int | None
    message_bytes: int
    """Largest message towards the relay."""
    messages_per_second: float
    """What one participant may send on average; bursts of three seconds' worth pass."""
    bytes_per_second: float
    queued_messages: int
    """How many messages wait for one slow recipient before the oldest is dropped."""
    queued_s: float
    """How long a message waits before it is dropped."""
    in_flight_bytes: float
    """A message waits while more than this, of all channels, is sent and not acknowledged."""


TRAITS = {
    Channel.MOTION: ChannelTraits(False, 0, 1160, 60, 16_000, 128, 0.5, math.inf),
    Channel.KEYFRAME: ChannelTraits(True, None, 1150, 120, 64_000, 512, math.inf, 600),
    Channel.CONTROL: ChannelTraits(True, None, 4096, 20, 16_000, 128, math.inf, math.inf),
}


def new_queue(channel: Channel) -> OutgoingQueue:
    """Return the queue for one recipient of a channel."""
    traits = TRAITS[channel]
    return OutgoingQueue(traits.queued_messages, traits.queued_s, traits.in_flight_bytes)


def split_recipient(channel: Channel, message: bytes) -> tuple[int, bytes]:
    """Return recipient id (0 = everybody) and payload of a message towards the relay.

    Raises `ProtocolError` (`bad-message`) if the message is too short or too long for its channel.
    """
    most = TRAITS[channel].message_bytes
    least = 1 if channel is Channel.MOTION else 2
    if not least <= len(message) <= most:
        raise ProtocolError("bad-message", f"{len(message)} bytes on {channel}, expected {least}–{most}")
    if channel is Channel.MOTION:
        return EVERYBODY, message
    return message[0], message[1:]


def with_recipient(channel: Channel, recipient: int, payload: bytes) -> bytes:
    """Return a message towards the relay; raises `ProtocolError` if it would break the channel's bounds."""
    if not 0 <= recipient <= 255:
        raise ProtocolError("bad-message", f"recipient {recipient} is not 0–255")
    message = payload if channel is Channel.MOTION else bytes((recipient,)) + payload
    split_recipient(channel, message)
    return message


def with_sender(sender: int, payload: bytes) -> bytes:
    """Return the message that the relay delivers."""
    return bytes((sender,)) + payload


def split_sender(message: bytes) -> tuple[int, bytes]:
    """Return sender id and payload of a delivered message; raises `ProtocolError` if it has neither."""
    if len(message) < 2 or message[0] == 0:
        raise ProtocolError("bad-message", f"a delivered message of {len(message)} bytes without sender and payload")
    return message[0], message[1:]
