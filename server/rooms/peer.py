"""The relay's end of one participant's WebRTC connection."""

import asyncio
import logging
import math
from collections import Counter
from functools import partial
from typing import Protocol

from aiortc import RTCDataChannel, RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp

from server.errors import ProtocolError
from server.settings import LinkSettings, VoiceSettings
from server.webrtc.aiortc_internals import (
    bytes_in_flight,
    new_peer_connection,
    number_opus,
    on_acknowledgement,
    tune,
)
from server.webrtc.channels import TRAITS, Channel, new_queue
from server.webrtc.direct_path import (
    receive_at_once,
    send_at_once,
    send_data_at_once,
    take_voice_packets,
    voice_packets,
)
from server.webrtc.motion_queue import MotionQueue
from server.webrtc.outgoing import OutgoingQueue
from server.webrtc.path_watch import PathWatch
from server.webrtc.sctp_delay import SctpDelay
from server.webrtc.sdp import ClientOffer, dress_answer, parse_offer
from server.webrtc.voice import VoiceSlots, only_opus
from server.webrtc.voice_reports import VoiceReport

logger = logging.getLogger(__name__)

_CLOSE_TIMEOUT_S = 2.0
# A client that leaves closes both connections; its `leave` must count even if it comes second.
_LEAVE_GRACE_S = 0.5


class PeerListener(Protocol):
    """What a peer reports; called from the event loop, must not block or raise."""

    def on_message(self, channel: Channel, message: bytes) -> None:
        """Take a message from a data channel."""

    def on_voice(self, payload: bytes, timestamp: int) -> None:
        """Take an Opus packet and its RTP timestamp."""

    def on_voice_reports(self, sent: VoiceReport, received: VoiceReport) -> None:
        """Learn how voices arrived at the client, and how the client's own arrived here."""

    def on_connected(self) -> None:
        """Learn that the connection is up."""

    def on_silence(self, is_silent: bool) -> None:
        """Learn that nothing comes any more, not even answers, or that something does again."""

    def on_failure(self, error: ProtocolError) -> None:
        """Learn that the connection failed, or that its peer broke the protocol."""


class Peer:
    """One connection: answers offers, hands over what arrives, sends what it is given."""

    def __init__(self, listener: PeerListener, voice: VoiceSettings, link: LinkSettings) -> None:
        self._listener = listener
        self._voice = voice
        self._link = link
        self._connection: RTCPeerConnection = new_peer_connection()
        self._connection.on("datachannel", self._on_datachannel)
        self._connection.on("connectionstatechange", self._on_state)
        motion = TRAITS[Channel.MOTION]
        self._motion = MotionQueue(motion.queued_messages, motion.queued_s)
        self._outgoing: dict[Channel, OutgoingQueue | MotionQueue] = {
            Channel.MOTION: self._motion,
            **{channel: new_queue(channel) for channel in (Channel.KEYFRAME, Channel.CONTROL)},
        }
        self._known_mids: list[str] = []
        self._resolving: set[asyncio.Task[None]] = set()
        self._watch: PathWatch | None = None
        self._delay: SctpDelay | None = None
        self._voice_packets = 0, 0
        self._closed = False
        self._deadline = asyncio.get_running_loop().call_later(link.connect_timeout_s, self._on_deadline)
        self.slots = VoiceSlots()
        self.dropped: Counter[str] = Counter()

    async def answer(self, offer_sdp: str) -> str:
        """Answer an offer, the first one or one with more voice slots.

        Raises `ProtocolError` (`bad-message`) if the offer cannot be served.
        """
        offer = parse_offer(offer_sdp, self._voice.slots)
        mids = [offer.voice.mid, *(slot.mid for slot in offer.slots)]
        if mids[: len(self._known_mids)] != self._known_mids:
            raise ProtocolError("bad-message", f"offer: had audio sections {self._known_mids}, now {mids}")
        first = not self._known_mids
        try:
            self._add_transceivers(offer)
            await self._connection.setRemoteDescription(RTCSessionDescription(offer.sdp, "offer"))
            number_opus(self._connection, {mid: int(numbers.red) for mid, numbers in offer.redundant.items()})
            if first:
                tune(self._connection, self._link)
                receive_at_once(self._connection)
                send_data_at_once(self._connection)
                on_acknowledgement(self._connection, self._feed)
                assert self._connection.sctp is not None
                self._delay = SctpDelay(self._connection.sctp)
            answer = await self._connection.createAnswer()
            await self._connection.setLocalDescription(answer)
        except Exception as error:
            # aiortc's parser meets bad input with whatever Python raises.
            logger.debug("offer refused", exc_info=True)
            raise ProtocolError("bad-message", f"offer: {type(error).__name__} {error}"[:200]) from error
        if first:
            self._resolve_later(offer)
        return dress_answer(self._connection.localDescription.sdp, self._voice, offer.redundant)

    def send(self, channel: Channel, message: bytes) -> None:
        """Send a message on a data channel; it waits until the client has opened it."""
        self._outgoing[channel].send(message)

    def gather_motion(self, *, gathers: bool) -> None:
        """Send everybody's bundles together from now on, or each at once."""
        self._motion.gathers = gathers

    async def close(self) -> None:
        """Close the connection; safe to call twice, never raises."""
        self._closed = True
        self._deadline.cancel()
        if self._watch is not None:
            self._watch.close()
        self._motion.close()
        for channel, queue in self._outgoing.items():
            if queue.dropped:
                self.dropped[f"{channel} on a link too slow"] = queue.dropped
        for task in self._resolving:
            task.cancel()
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._connection.close()
        except TimeoutError:
            logger.warning("a peer connection did not close within %s s", _CLOSE_TIMEOUT_S)
        except Exception:
            logger.exception("a peer connection did not close cleanly")

    def _add_transceivers(self, offer: ClientOffer) -> None:
        for section in (offer.voice, *offer.slots):
            if section.mid in self._known_mids:
                continue
            self._known_mids.append(section.mid)
            if section is offer.voice:
                transceiver = self._connection.addTransceiver("audio", "recvonly")
                take_voice_packets(transceiver.receiver, self._on_voice)
            else:
                track = self.slots.open(section.mid)
                transceiver = self._connection.addTransceiver(track, "sendonly")
                send_at_once(transceiver.sender, track, self._link.rtcp_interval_s, self._on_report)
            only_opus(transceiver)

    def _resolve_later(self, offer: ClientOffer) -> None:
        """Look up mDNS candidates without delaying the answer; the browser's own checks often come first."""
        for line in offer.mdns_candidates:
            task = asyncio.create_task(self._resolve(line, offer.voice.mid))
            self._resolving.add(task)
            task.add_done_callback(self._resolving.discard)

    async def _resolve(self, line: str, mid: str) -> None:
        try:
            candidate = candidate_from_sdp(line)
            candidate.sdpMid = mid
            await self._connection.addIceCandidate(candidate)
        except (OSError, ValueError, AssertionError) as error:
            logger.debug("mDNS candidate ignored: %s", error)

    def _feed(self) -> None:
        for queue in self._outgoing.values():
            queue.feed()

    def _on_datachannel(self, channel: RTCDataChannel) -> None:
        try:
            label = Channel(channel.label)
        except ValueError:
            self._fail(
                "bad-message",
                f"a data channel {channel.label[:32]!r}; there are motion, keyframe and control",
            )
            return
        traits = TRAITS[label]
        if self._outgoing[label].attached:
            self._fail("bad-message", f"data channel {label} opened twice")
            return
        if (channel.ordered, channel.maxRetransmits) != (traits.ordered, traits.max_retransmits):
            self._fail(
                "bad-message",
                f"data channel {label} must have ordered={traits.ordered}, maxRetransmits={traits.max_retransmits}",
            )
            return
        channel.on("message", lambda message: self._on_message(label, message))
        self._outgoing[label].attach(channel, partial(self._bytes_in_flight, channel))

    def _bytes_in_flight(self, channel: RTCDataChannel) -> float:
        """Return how many bytes are under way: any number of them while they wait in a queue on the way."""
        return math.inf if self._delay is not None and self._delay.is_long else bytes_in_flight(channel)

    def _on_message(self, channel: Channel, message: bytes | str) -> None:
        if isinstance(message, bytes):
            self._listener.on_message(channel, message)
        else:
            self.dropped[f"{channel} text"] += 1

    def _on_voice(self, payload: bytes, timestamp: int) -> None:
        if len(payload) <= self._voice.payload_bytes:
            self._listener.on_voice(payload, timestamp)
        else:
            self.dropped["voice too long"] += 1

    def _on_report(self, sent: VoiceReport) -> None:
        before, now = self._voice_packets, voice_packets(self._connection.getTransceivers()[0].receiver)
        self._voice_packets = now
        received = VoiceReport(now[0] - before[0], max(0, now[1] - before[1]))
        self._listener.on_voice_reports(sent, received)

    def _on_state(self) -> None:
        if self._closed:
            return
        if self._connection.connectionState == "connected":
            self._watch = self._watch or PathWatch(self._connection, self._listener.on_silence, asks=True)
            self._listener.on_connected()
        elif self._connection.connectionState == "failed":
            self._fail("media-failed", "the WebRTC connection was lost")
        elif self._connection.connectionState == "closed":
            self._deadline.cancel()
            self._deadline = asyncio.get_running_loop().call_later(_LEAVE_GRACE_S, self._on_deadline)

    def _on_deadline(self) -> None:
        match self._connection.connectionState:
            case "connected":
                return
            case "closed":
                self._fail("media-failed", "you closed the WebRTC connection")
            case _:
                self._fail(
                    "media-failed",
                    f"no WebRTC connection within {self._link.connect_timeout_s:g} s: "
                    "is UDP blocked between you and the server?",
                )

    def _fail(self, code: str, message: str) -> None:
        self._listener.on_failure(ProtocolError(code, message))
