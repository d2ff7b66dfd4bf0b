"""What passes between one stay in a room and the user of a call: sealed, opened, counted."""

import logging
from collections import defaultdict
from collections.abc import Callable

import msgpack

from server.client.events import (
    BundleReceived,
    CallEvent,
    CallStats,
    ControlReceived,
    EncryptionChanged,
    KeyframeSliceReceived,
    KeysExchanged,
    ScreenSliceReceived,
    VoiceReceived,
)
from server.client.room_link import RoomLink
from server.client.session import CallSession
from server.encryption.errors import OpeningError
from server.encryption.key_messages import KeyMessage, parse_key_message
from server.encryption.no_encryption import NoEncryption
from server.encryption.room_encryption import RoomEncryption
from server.encryption.sealed_header import Lane, speech_in
from server.encryption.status import EncryptionStatus
from server.errors import ProtocolError
from server.protocol.message_fields import unpack_map
from server.webrtc.channels import EVERYBODY, Channel, split_sender, with_recipient
from server.webrtc.gathered import GATHERED, split_gathered
from server.webrtc.redundancy import PlayedVoices, sort_items
from server.webrtc.trailer import split_trailer

logger = logging.getLogger(__name__)

#: Where a keyframe's slice says how many they are, which is never 0.
_SCREEN_MARK = b"\0"

_LANES = {Channel.MOTION: Lane.MOTION, Channel.KEYFRAME: Lane.KEYFRAME, Channel.CONTROL: Lane.CONTROL}


class Traffic:
    """The traffic of one open session, with keys of its own. Belongs to the event loop."""

    def __init__(
        self, session: CallSession, link: RoomLink, stats: CallStats, emit: Callable[[CallEvent], None]
    ) -> None:
        """Prepare; `emit` takes what has come."""
        self._session = session
        self._stats = stats
        self._emit = emit
        self._encryption: RoomEncryption | NoEncryption = (
            NoEncryption(self, stats.dropped)
            if link.secret is None
            else RoomEncryption(link.secret, link.room, session.id, self, stats.dropped)
        )
        self._told: EncryptionStatus | None = None
        self._played: defaultdict[int, PlayedVoices] = defaultdict(PlayedVoices)
        session.media.seal_voice = self._encryption.seal_voice

    @property
    def encryption(self) -> EncryptionStatus:
        """How the traffic is protected now."""
        return self._encryption.status()

    def begin(self) -> None:
        """Exchange keys with those who are there."""
        self._encryption.begin(self._session.participants)
        self._tell_status()

    def close(self) -> None:
        """Renew keys no longer."""
        self._encryption.close()

    def participant_went(self, participant: int) -> None:
        """Change keys when somebody has gone."""
        self._encryption.participant_went(participant)
        self._tell_status()

    def send_bundle(self, bundle: bytes) -> None:
        """Send a bundle to everybody by data channel. Raises `ProtocolError` if it is too long."""
        self._hand_over(Channel.MOTION, EVERYBODY, self._encryption.seal(Lane.MOTION, bundle, speech=speech_in(bundle)))

    def send_behind_voice(self, bundle: bytes) -> bool:
        """Send a bundle behind the next voice packet; False if it is too large, or would go in the clear there."""
        status = self._encryption.status()
        in_the_clear = status.sealed and not status.voice_sealed
        if in_the_clear or not self._session.media.send_behind_voice(bundle):
            return False
        self._stats.count_up("trailer", bundle)
        return True

    def send(self, channel: Channel, to: int, payload: bytes) -> None:
        """Send a slice or control message to `to` (0 = everybody). Raises `ProtocolError`."""
        self._hand_over(channel, to, self._encryption.seal(_LANES[channel], payload))

    def send_voice(self, packet: bytes, samples: int) -> None:
        """Send an Opus packet of `samples` at 48 kHz, empty for silence."""
        self._session.media.send_voice(packet, samples)
        if packet:
            self._stats.count_up("voice", packet)

    def on_message(self, channel: Channel, message: bytes) -> None:
        """Take a message of a data channel."""
        self._stats.count_down(channel.value, message)
        try:
            if channel is Channel.MOTION and message[:1] == bytes((GATHERED,)):
                for sender, bundle in split_gathered(message):
                    self._take(channel, sender, bundle)
            else:
                self._take(channel, *split_sender(message))
        except (ProtocolError, OpeningError) as error:
            self._stats.bad_messages += 1
            self._tell_status()
            logger.debug("message dropped: %s", error)

    def on_voice(self, speaker: int, packet: bytes, timestamp: int) -> None:
        """Take a voice packet; one whose trailer is malformed is passed on as it is."""
        try:
            payload = self._encryption.open_voice(speaker, packet)
        except OpeningError as error:
            self._tell_status()
            logger.debug("voice dropped: %s", error)
            return
        try:
            voice, items = split_trailer(payload)
        except ProtocolError as error:
            self._stats.bad_messages += 1
            logger.debug("no trailer read: %s", error)
            voice, items = payload, []
        bundles, copies = sort_items(items)
        for restored_timestamp, restored in self._played[speaker].take(timestamp, copies):
            self._stats.count_down("voice", restored)
            self._emit(VoiceReceived(speaker, restored, restored_timestamp))
        for bundle in bundles:
            self._stats.count_down("trailer", bundle)
            self._emit(BundleReceived(speaker, bundle))
        if voice:
            self._stats.count_down("voice", voice)
            self._emit(VoiceReceived(speaker, voice, timestamp))

    def send_key_message(self, recipient: int, message: KeyMessage) -> None:
        """Send what the key exchange says, in the clear."""
        self._hand_over(Channel.CONTROL, recipient, msgpack.packb(message.to_map()))

    def on_keys_exchanged(self, participant: int) -> None:
        """Learn that a participant can read what follows."""
        self._emit(KeysExchanged(participant))

    def _tell_status(self) -> None:
        status = self._encryption.status()
        if status != self._told:
            self._told = status
            self._emit(EncryptionChanged(status))

    def _hand_over(self, channel: Channel, to: int, packet: bytes) -> None:
        message = with_recipient(channel, to, packet)
        self._session.media.send(channel, message)
        self._stats.count_up(channel.value, message)

    def _take(self, channel: Channel, sender: int, packet: bytes) -> None:
        key_message = parse_key_message(packet) if channel is Channel.CONTROL else None
        if key_message is not None:
            if sender in self._session.participants:
                self._encryption.take(sender, key_message)
                self._tell_status()
            return
        payload = self._encryption.open(_LANES[channel], sender, packet)
        match channel:
            case Channel.MOTION:
                self._emit(BundleReceived(sender, payload))
            case Channel.KEYFRAME if payload[2:3] == _SCREEN_MARK:
                self._emit(ScreenSliceReceived(sender, payload))
            case Channel.KEYFRAME:
                self._emit(KeyframeSliceReceived(sender, payload))
            case Channel.CONTROL:
                self._emit(ControlReceived(sender, unpack_map(payload)))
