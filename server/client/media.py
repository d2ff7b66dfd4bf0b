"""The client's end of a call's WebRTC connection."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from aiortc import RTCDataChannel, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.rtcrtptransceiver import RTCRtpTransceiver

from server.client.voice_writer import SealVoice, VoiceWriter
from server.errors import CallError
from server.settings import LinkSettings
from server.webrtc.aiortc_internals import (
    bytes_in_flight,
    new_peer_connection,
    on_acknowledgement,
    tune,
)
from server.webrtc.channels import TRAITS, Channel, ChannelTraits, new_queue
from server.webrtc.direct_path import receive_at_once, send_at_once, send_data_at_once, take_voice_packets
from server.webrtc.outgoing import OutgoingQueue
from server.webrtc.path_watch import PathWatch
from server.webrtc.voice import VoiceTrack, only_opus

logger = logging.getLogger(__name__)

MOST_SLOTS = 7


class CallMedia:
    """Offers, takes answers, sends and receives. The callbacks run in the event loop and must not raise."""

    def __init__(
        self,
        ice_servers: tuple[dict[str, str], ...],
        link: LinkSettings,
        on_message: Callable[[Channel, bytes], None],
        on_voice: Callable[[str, bytes, int], None],
        on_silence: Callable[[bool], None],
        on_failure: Callable[[str], None],
    ) -> None:
        self._link = link
        self._on_message = on_message
        self._on_voice = on_voice
        self._on_silence = on_silence
        self._on_failure = on_failure
        self._watch: PathWatch | None = None
        self._connection: RTCPeerConnection = new_peer_connection(
            [RTCIceServer(server["urls"], server.get("username"), server.get("credential")) for server in ice_servers]
        )
        self._connection.on("connectionstatechange", self._on_state)
        self._voice = VoiceTrack()
        self._voice_writer = VoiceWriter(self._voice)
        self._slots = 0
        self._outgoing: dict[Channel, OutgoingQueue] = {}
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._still_closed = set(Channel)
        self._closed = False

    @property
    def seal_voice(self) -> SealVoice:
        """What makes of a voice packet, bundles and all, what goes to the relay; nothing at first."""
        return self._voice_writer.seal

    @seal_voice.setter
    def seal_voice(self, seal: SealVoice) -> None:
        self._voice_writer.seal = seal

    def set_redundancy(self, depth: int) -> None:
        """Send each voice packet, and the bundles behind it, again so many times (0–2)."""
        self._voice_writer.redundancy.depth = depth

    @property
    def slots(self) -> int:
        """Voice slots offered so far."""
        return self._slots

    async def offer(self, slots: int) -> str:
        """Return an offer with at least `slots` voice slots; the first call sets the connection up."""
        if not self._outgoing:
            transceiver = self._connection.addTransceiver(self._voice, "sendonly")
            only_opus(transceiver)
            send_at_once(transceiver.sender, self._voice, self._link.rtcp_interval_s)
            for channel, traits in TRAITS.items():
                self._open(channel, traits)
            tune(self._connection, self._link)
            receive_at_once(self._connection)
            send_data_at_once(self._connection)
            on_acknowledgement(self._connection, self._feed)
        while self._slots < min(slots, MOST_SLOTS):
            self._slots += 1
            self._add_slot()
        await self._connection.setLocalDescription(await self._connection.createOffer())
        return str(self._connection.localDescription.sdp)

    async def accept(self, answer: str) -> None:
        """Take the answer to the last offer; raises `CallError` (`bad-message`) if it cannot be used."""
        try:
            await self._connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        except Exception as error:
            # aiortc's parser meets bad input with whatever Python raises.
            raise CallError("bad-message", f"the server's answer: {error!r}"[:200]) from error

    async def wait_open(self) -> None:
        """Return when all data channels are open; raises `CallError` (`media-failed`) if that takes long."""
        try:
            async with asyncio.timeout(self._link.connect_timeout_s):
                await asyncio.shield(self._opened)
        except TimeoutError as error:
            raise CallError(
                "media-failed",
                f"no WebRTC connection in {self._link.connect_timeout_s:g} s: is UDP to the server blocked?",
            ) from error

    def send(self, channel: Channel, message: bytes) -> None:
        """Send a message; if the link is too slow, old ones of the channel are dropped."""
        self._outgoing[channel].send(message)

    def send_voice(self, payload: bytes, samples: int) -> None:
        """Send an Opus packet of `samples` at 48 kHz; an empty payload lets that time pass in silence."""
        self._voice_writer.send_voice(payload, samples)

    def send_behind_voice(self, bundle: bytes) -> bool:
        """Send a bundle behind the next voice packet, or in one without sound; False if it is too large."""
        return self._voice_writer.send_bundle(bundle)

    async def close(self) -> None:
        """Close the connection; safe to call twice."""
        self._closed = True
        self._opened.cancel()
        self._voice_writer.close()
        if self._watch is not None:
            self._watch.close()
        await self._connection.close()

    def _open(self, channel: Channel, traits: ChannelTraits) -> None:
        data_channel: RTCDataChannel = self._connection.createDataChannel(
            channel.value, ordered=traits.ordered, maxRetransmits=traits.max_retransmits
        )
        data_channel.on("open", lambda: self._on_open(channel))
        data_channel.on(
            "message",
            lambda message: self._on_message(channel, message) if isinstance(message, bytes) else None,
        )
        self._outgoing[channel] = new_queue(channel)
        self._outgoing[channel].attach(data_channel, partial(bytes_in_flight, data_channel))

    def _feed(self) -> None:
        for queue in self._outgoing.values():
            queue.feed()

    def _add_slot(self) -> None:
        transceiver: RTCRtpTransceiver = self._connection.addTransceiver("audio", "recvonly")
        only_opus(transceiver)
        take_voice_packets(
            transceiver.receiver,
            lambda payload, timestamp: self._on_voice(transceiver.mid or "", payload, timestamp),
        )

    def _on_open(self, channel: Channel) -> None:
        self._still_closed.discard(channel)
        if not self._still_closed and not self._opened.done():
            self._opened.set_result(None)
            self._watch = PathWatch(self._connection, self._on_silence, asks=False)

    def _on_state(self) -> None:
        if self._connection.connectionState in ("failed", "closed") and not self._closed:
            self._on_failure("the WebRTC connection was lost")
