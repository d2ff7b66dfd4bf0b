"""What a call tells its user, and what it counts."""

from collections import Counter
from dataclasses import dataclass, field

from server.encryption.status import EncryptionStatus
from server.errors import CallError
from server.protocol.messages import ParticipantInfo
from server.protocol.room_messages import Knock, KnockGone, MuteRequested, RoomChanged, Waiting


@dataclass(frozen=True)
class ParticipantCame:
    """Somebody is in the room: came now, or was there when this end (re)joined."""

    participant: ParticipantInfo


@dataclass(frozen=True)
class ParticipantWent:
    """Somebody left the room: `left` on purpose, `lost` otherwise."""

    participant: ParticipantInfo
    reason: str


@dataclass(frozen=True)
class ParticipantAway:
    """Nothing comes from somebody any more, or something does again, as `participant.away` says."""

    participant: ParticipantInfo


@dataclass(frozen=True)
class BundleReceived:
    """A bundle of motion from participant `sender`, unparsed, by whichever transport."""

    sender: int
    bundle: bytes


@dataclass(frozen=True)
class KeyframeSliceReceived:
    """A slice of a keyframe from participant `sender`, unparsed."""

    sender: int
    slice: bytes


@dataclass(frozen=True)
class ScreenSliceReceived:
    """A slice of an update of the screen that participant `sender` shares, unparsed (docs/wire-format.md)."""

    sender: int
    slice: bytes


@dataclass(frozen=True)
class ControlReceived:
    """A control message from participant `sender`: a map with text for keys, otherwise unchecked."""

    sender: int
    message: dict[str, object]


@dataclass(frozen=True)
class KeysExchanged:
    """In a call whose link has a key: control messages and keyframes that are sent from now on reach this participant.

    What it was sent before, it cannot read.
    """

    participant: int


@dataclass(frozen=True)
class EncryptionChanged:
    """How the call is protected from now on: once after joining, then at each change."""

    status: EncryptionStatus


@dataclass(frozen=True)
class VoiceReceived:
    """An Opus packet of participant `sender`, as it came from the network; no jitter buffer has seen it.

    Bundles that lay behind its sound have been taken out.

    `timestamp` counts samples at 48 kHz modulo 2³² from an origin of its own for each voice slot.
    """

    sender: int
    payload: bytes
    timestamp: int


@dataclass(frozen=True)
class VoicesAssigned:
    """From now on the voices of these participants come, and bundles behind them; nobody else's do."""

    speakers: frozenset[int]


@dataclass(frozen=True)
class RoomNews:
    """What the server says of the room's door and hosts, as it came.

    `Waiting` comes before `connect` returns: a host must let this participant in.
    """

    message: RoomChanged | Knock | KnockGone | MuteRequested | Waiting


@dataclass(frozen=True)
class Reconnecting:
    """Nothing reaches the server; the call looks for a way back until it is left. The others stay as they are."""

    reason: str


@dataclass(frozen=True)
class Reconnected:
    """Back in the room as `id`; who went and who came meanwhile has been said before."""

    id: int
    is_new_connection: bool
    """The others know nothing of this end on its new connection; if not, the old one goes on."""


@dataclass(frozen=True)
class CallEnded:
    """The last event of a call: it was left (no error), or the server will not have it."""

    error: CallError | None


CallEvent = (
    ParticipantCame
    | ParticipantWent
    | ParticipantAway
    | BundleReceived
    | KeyframeSliceReceived
    | ScreenSliceReceived
    | ControlReceived
    | KeysExchanged
    | EncryptionChanged
    | VoiceReceived
    | VoicesAssigned
    | RoomNews
    | Reconnecting
    | Reconnected
    | CallEnded
)


@dataclass
class CallStats:
    """Messages and payload bytes each way, by `motion`, `keyframe`, `control`, `voice`, `trailer` and `signalling`.

    Payload is what goes into the data channel, RTP packet or WebSocket message; headers are not counted. Bundles
    count as `motion` on the data channel and as `trailer` behind voice.
    """

    messages_up: Counter[str] = field(default_factory=Counter)
    messages_down: Counter[str] = field(default_factory=Counter)
    bytes_up: Counter[str] = field(default_factory=Counter)
    bytes_down: Counter[str] = field(default_factory=Counter)
    bad_messages: int = 0
    """Messages from others that could not be read and were dropped."""
    dropped: Counter[str] = field(default_factory=Counter)
    """What the encryption dropped, voice included, by reason (`server.encryption.errors.Drop`)."""
    events_dropped: int = 0
    """Events that nobody took in time."""
    reconnections: int = 0

    def count_up(self, channel: str, payload: bytes) -> None:
        """Count one message sent."""
        self.messages_up[channel] += 1
        self.bytes_up[channel] += len(payload)

    def count_down(self, channel: str, payload: bytes) -> None:
        """Count one message received."""
        self.messages_down[channel] += 1
        self.bytes_down[channel] += len(payload)
