"""Everything that reaches beyond the public interface of aiortc and aioice, in one place.

aiortc is pinned to 1.16 because of this module. Each function changes one connection, never the library, and
says why the public interface does not do. All take a connection that has at least one transceiver and
bundles everything on one transport (`new_peer_connection`).
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from aiortc import RTCConfiguration, RTCDataChannel, RTCIceServer, RTCPeerConnection, RTCRtpSender
from aiortc.rtcconfiguration import RTCBundlePolicy
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcsctptransport import Chunk, DataChunk, RTCSctpTransport, SackChunk
from aiortc.rtp import is_rtcp
from OpenSSL import SSL

from server.settings import LinkSettings

logger = logging.getLogger(__name__)

#: First bytes up to this one are ICE's own (RFC 7983).
_LAST_STUN_BYTE = 3
_RTCP_SENDER_REPORT = 200
_RTCP_RECEIVER_REPORT = 201
_LOSSY_INTERVAL_S = 0.9
_TSN_MODULO = 1 << 32
_UNACKNOWLEDGED_CHUNKS = 4
_BULK_BYTES = 600
_CONSENT_REPETITIONS = 2


def new_peer_connection(ice_servers: list[RTCIceServer] | None = None) -> RTCPeerConnection:
    """Return a connection with one transport for everything; no STUN server unless named (aiortc has one)."""
    return RTCPeerConnection(RTCConfiguration(iceServers=ice_servers or [], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))


def _transport_of(connection: RTCPeerConnection) -> RTCDtlsTransport:
    """Return the one DTLS transport that everything is bundled on."""
    return connection.getTransceivers()[0].receiver.transport


def tune(connection: RTCPeerConnection, link: LinkSettings) -> None:
    """Make a connection quiet and bounded; call when it has its first sections, before it gathers."""
    offer_loopback(connection, always=link.loopback)
    _throttle_reports(connection, link.rtcp_interval_s)
    _wait_for_consent(connection)
    _refuse_bad_data(connection)
    _delay_acknowledgements(connection, link.acknowledgement_delay_s)


def offer_loopback(connection: RTCPeerConnection, *, always: bool) -> None:
    """Make ICE offer 127.0.0.1 too: `always`, or only where there is no other address. Call before gathering.

    Why: aioice leaves loopback out, so that a machine without a network could not call itself.
    """
    ice: Any = _transport_of(connection).transport.iceGatherer._connection
    gather = ice.get_component_candidates

    async def gather_with_loopback(component: int, addresses: list[str], timeout: int = 5) -> Any:
        if (always or not addresses) and "127.0.0.1" not in addresses:
            addresses = ["127.0.0.1", *addresses]
        return await gather(component=component, addresses=addresses, timeout=timeout)

    ice.get_component_candidates = gather_with_loopback


def _wait_for_consent(connection: RTCPeerConnection) -> None:
    """Repeat checks for consent (RFC 7675) until an answer has had 3.5 s.

    Why: aioice sends each once and waits half a second, so that on a path with a longer round trip, as satellites and
    GPRS have, consent expires and the connection ends after 30 s.
    """
    ice: Any = _transport_of(connection).transport.iceGatherer._connection
    query_consent = ice.query_consent

    async def query_patiently() -> None:
        for pair in ice._nominated.values():
            pair.protocol.request = partial(_request_patiently, pair.protocol.request)
        await query_consent()

    ice.query_consent = query_patiently


async def _request_patiently(
    request: Callable[..., Awaitable[Any]], *arguments: Any, retransmissions: int | None = None, **options: Any
) -> Any:
    if retransmissions == 0:
        retransmissions = _CONSENT_REPETITIONS
    return await request(*arguments, retransmissions=retransmissions, **options)


def number_opus(connection: RTCPeerConnection, numbers: Mapping[str, int]) -> None:
    """Send Opus under these RTP payload types, by the transceivers' mids. Call when a remote description was set.

    Why: aiortc takes the offer's number only if it is 96 or higher; browsers number RED 63.
    """
    for transceiver in connection.getTransceivers():
        number = numbers.get(transceiver.mid or "")
        if number is not None:
            transceiver._codecs[0].payloadType = number


def on_keyframe_request(sender: RTCRtpSender, callback: Callable[[], None]) -> None:
    """Call back when the receiver of a video asks for a whole picture (RFC 4585, PLI; RFC 5104, FIR).

    Why: aiortc tells only its own encoder, and a picture that many look at is encoded once, elsewhere.
    """
    sender._send_keyframe = callback  # type: ignore[method-assign]


def on_datagram(connection: RTCPeerConnection, received: Callable[[], None], sent: Callable[[], None]) -> None:
    """Call back whenever anything arrives on a connection, ICE's own checks included, and when data go out.

    Call after gathering. Why: `connectionState` notices a dead path after 30 s.
    """
    ice: Any = _transport_of(connection).transport.iceGatherer._connection
    for protocol in ice._protocols:
        _tell_of_datagrams(protocol, received, sent)


def _tell_of_datagrams(protocol: Any, received: Callable[[], None], sent: Callable[[], None]) -> None:
    receive, send = protocol.datagram_received, protocol.transport.sendto

    def receive_and_tell(data: bytes, address: tuple[Any, ...]) -> None:
        received()
        receive(data, address)

    def send_and_tell(data: bytes, address: tuple[Any, ...]) -> None:
        if data[0] > _LAST_STUN_BYTE:
            sent()
        send(data, address)

    protocol.datagram_received = receive_and_tell
    protocol.transport.sendto = send_and_tell


def send_check(connection: RTCPeerConnection) -> None:
    """Send a STUN check on the path in use (RFC 7675): the other end hears it, and answers.

    Why: aioice checks every 5 s, and there is no other packet that every browser answers.
    """
    ice: Any = _transport_of(connection).transport.iceGatherer._connection
    for pair in ice._nominated.values():
        request = ice.build_request(pair, nominate=False)
        request.add_message_integrity(ice.remote_password.encode())
        pair.protocol.send_stun(request, pair.remote_addr)


class ReportThrottle:
    """Decides which RTCP sender and receiver reports (RFC 3550, section 6.4) are worth a packet.

    A report passes if its stream has moved on since the last one that passed and that is `interval_s` old; one that
    tells of losses, which its receiver acts on, after a second.
    """

    def __init__(self, interval_s: float, now: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = interval_s
        self._now = now
        self._passed: dict[tuple[int, bytes], tuple[float, bytes]] = {}

    def admit(self, packet: bytes) -> bool:
        """Tell whether to send an RTCP packet; all that are not reports pass."""
        kind = packet[1]
        if kind == _RTCP_SENDER_REPORT:
            progress = packet[20:24]
        elif kind == _RTCP_RECEIVER_REPORT:
            progress = packet[16:20]
        else:
            return True
        has_losses = kind == _RTCP_RECEIVER_REPORT and packet[12:13] > b"\0"
        interval_s = min(_LOSSY_INTERVAL_S, self._interval_s) if has_losses else self._interval_s
        stream = kind, packet[4:8]
        now = self._now()
        passed_at, passed_progress = self._passed.get(stream, (-self._interval_s, bytes(4)))
        if progress == passed_progress or now - passed_at < interval_s:
            return False
        self._passed[stream] = now, progress
        return True


def _throttle_reports(connection: RTCPeerConnection, interval_s: float) -> None:
    """Send RTCP reports of active streams only, one in `interval_s`.

    Why: aiortc sends some 130 bytes per sender and second, idle ones included: 1 kbit/s each.
    """
    transport = _transport_of(connection)
    throttle = ReportThrottle(interval_s)
    send = transport._send_rtp

    async def send_throttled(data: bytes) -> None:
        if not is_rtcp(data) or throttle.admit(data):
            await send(data)

    transport._send_rtp = send_throttled  # type: ignore[method-assign]


class _SackAndData(Chunk):
    """A SACK and a DATA chunk in one packet (RFC 9260, section 6.10)."""

    def __init__(self, sack: Chunk, data: Chunk) -> None:
        super().__init__()
        self._bytes = bytes(sack) + bytes(data)

    def __bytes__(self) -> bytes:
        return self._bytes


class _DelayedAcknowledgement:
    def __init__(self, sctp: RTCSctpTransport, delay_s: float) -> None:
        self._sctp: Any = sctp
        self._delay_s = delay_s
        self._timer: asyncio.TimerHandle | None = None
        self._sending: asyncio.Task[None] | None = None
        self._acknowledged_tsn = 0
        self._bulk = False
        self._receive_data = sctp._receive_data_chunk
        self._send_chunk = sctp._send_chunk
        self._send_sack = sctp._send_sack
        sctp._receive_data_chunk = self._receive_data_chunk  # type: ignore[method-assign]
        sctp._send_sack = self._acknowledge_later  # type: ignore[method-assign]
        sctp._send_chunk = self._send_chunk_with_sack  # type: ignore[method-assign]

    async def _receive_data_chunk(self, chunk: DataChunk) -> None:
        self._bulk = self._bulk or len(chunk.user_data) >= _BULK_BYTES
        await self._receive_data(chunk)

    async def _acknowledge_later(self) -> None:
        sctp = self._sctp
        sctp._sack_needed = False
        pending = (sctp._last_received_tsn - self._acknowledged_tsn) % _TSN_MODULO
        gaps = sctp._sack_misordered or sctp._sack_duplicates
        if gaps or self._bulk or pending >= _UNACKNOWLEDGED_CHUNKS:
            await self._acknowledge()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._delay_s, self._expired)

    async def _acknowledge(self) -> None:
        self._stop_timer()
        self._bulk = False
        self._acknowledged_tsn = self._sctp._last_received_tsn
        await self._send_sack()

    async def _send_chunk_with_sack(self, chunk: Chunk) -> None:
        if self._timer is not None and isinstance(chunk, DataChunk):
            self._stop_timer()
            self._acknowledged_tsn = self._sctp._last_received_tsn
            sack = SackChunk()
            sack.cumulative_tsn = self._sctp._last_received_tsn
            sack.advertised_rwnd = max(0, self._sctp._advertised_rwnd)
            chunk = _SackAndData(sack, chunk)
        await self._send_chunk(chunk)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expired(self) -> None:
        self._timer = None
        if self._sctp.state == "connected":
            self._sending = asyncio.create_task(self._acknowledge_or_give_up())

    async def _acknowledge_or_give_up(self) -> None:
        try:
            await self._acknowledge()
        except (ConnectionError, SSL.Error):
            logger.debug("the transport went before a SACK was due")


def _delay_acknowledgements(connection: RTCPeerConnection, delay_s: float) -> None:
    """Acknowledge SCTP data within `delay_s` or on the next data packet out; after a gap, bulk or 4 chunks at once.

    Why: aiortc answers each packet with a packet of its own, 93 bytes with IP headers: at 8 bundles a second
    6 kbit/s against the direction that has least to spare.
    """
    assert connection.sctp is not None
    _DelayedAcknowledgement(connection.sctp, delay_s)


def bytes_in_flight(channel: RTCDataChannel) -> int:
    """Return how many bytes, of all channels of the connection, have been sent and not been acknowledged.

    Why: `bufferedAmount` does not count them, but on a slow link they are what the next message waits behind.
    """
    flight: int = channel.transport._flight_size
    return flight


def on_acknowledgement(connection: RTCPeerConnection, callback: Callable[[], None]) -> None:
    """Call back whenever data have been acknowledged, so that more can be sent (see `bytes_in_flight`)."""
    sctp = connection.sctp
    assert sctp is not None
    receive = sctp._receive_sack_chunk

    async def receive_and_tell(chunk: SackChunk) -> None:
        await receive(chunk)
        callback()

    sctp._receive_sack_chunk = receive_and_tell  # type: ignore[method-assign]


def _refuse_bad_data(connection: RTCPeerConnection) -> None:
    """End the connection, and nothing else, when its peer breaks SCTP or overruns the receive window.

    Why: aiortc meets some of that with assertions whose tracebacks fill the log, and buffers without bound
    for a peer that ignores the window.
    """
    sctp = connection.sctp
    assert sctp is not None
    handle = sctp._handle_data

    async def handle_guarded(data: bytes) -> None:
        try:
            await handle(data)
        except ConnectionError:
            raise
        except Exception as error:
            logger.info("connection closed: bad SCTP data (%s: %s)", type(error).__name__, error)
            raise ConnectionError("bad SCTP data") from error
        if sctp._advertised_rwnd < 0:
            logger.info("connection closed: peer overran the receive window")
            raise ConnectionError("receive window overrun")

    sctp._handle_data = handle_guarded  # type: ignore[method-assign]
