"""Packets straight from the socket to where they go, and from where they are to the socket.

Like `aiortc_internals` this reaches beyond aiortc's public interface, which passes each packet through two queues and
three tasks, and makes reports of every stream, idle ones too: of what a relay did, most was that.
"""

import asyncio
import logging
import random
import struct
import time
from collections.abc import Callable
from typing import Any

import pylibsrtp
from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCRtpSender
from aiortc.rtcdtlstransport import RTCDtlsTransport, State
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtp import (
    AnyRtcpPacket,
    RtcpByePacket,
    RtcpRrPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
    RtpPacket,
    is_rtcp,
)
from OpenSSL import SSL

from server.webrtc.eager import run_now
from server.webrtc.voice import VoiceTrack
from server.webrtc.voice_reports import ReportReader, VoiceReport

logger = logging.getLogger(__name__)

_STREAMS = 8
_FIRST_BYTE = 0x80  #: version 2, no padding, no extension, no contributing sources
_MARKER = 0x80
_HEADER = struct.Struct("!BBHLL")
_NTP_EPOCH_S = 2_208_988_800
_CNAME = 1
_RECORD_BYTES = 1500

VoicePacketHandler = Callable[[bytes, int], None]
"""Called with an RTP packet's payload and timestamp."""


class _RtpStream:
    """One outgoing RTP stream (RFC 3550) on a DTLS transport."""

    def __init__(self, transport: RTCDtlsTransport, ssrc: int, payload_type: int) -> None:
        self._transport = transport
        self._ice: Any = transport.transport._connection
        self._ssrc = ssrc
        self._payload_type = payload_type
        self._sequence = random.getrandbits(15)
        self._origin = random.getrandbits(32)
        self._timestamp = self._origin
        self._octets = 0
        self._reported = 0
        self._sent_at = 0.0
        self.packets = 0
        self.reports = ReportReader()

    def send(self, payload: bytes, pts: int) -> None:
        """Send a packet whose first sample is number `pts`; dropped while the connection is not up."""
        pair = self._ice._nominated.get(1)
        if pair is None or self._transport._state is not State.CONNECTED:
            return
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._timestamp = (self._origin + pts) & 0xFFFFFFFF
        header = _HEADER.pack(_FIRST_BYTE, _MARKER | self._payload_type, self._sequence, self._timestamp, self._ssrc)
        pair.protocol.transport.sendto(self._transport._tx_srtp.protect(header + payload), pair.remote_addr)
        self.packets += 1
        self._octets += len(payload)
        self._sent_at = time.time()

    def report(self) -> bytes | None:
        """Return a sender report with a source description, or None if nothing was sent since the last one."""
        if self.packets == self._reported:
            return None
        self._reported = self.packets
        about = RtcpSenderInfo(
            ntp_timestamp=int((self._sent_at + _NTP_EPOCH_S) * (1 << 32)),
            rtp_timestamp=self._timestamp,
            packet_count=self.packets & 0xFFFFFFFF,
            octet_count=self._octets & 0xFFFFFFFF,
        )
        self.reports.note_asked(about.ntp_timestamp)
        name = RtcpSourceInfo(ssrc=self._ssrc, items=[(_CNAME, b"voice")])
        return bytes(RtcpSrPacket(ssrc=self._ssrc, sender_info=about)) + bytes(RtcpSdesPacket(chunks=[name]))


def send_at_once(
    sender: RTCRtpSender,
    track: VoiceTrack,
    report_interval_s: float,
    on_report: Callable[[VoiceReport], None] = lambda report: None,
) -> None:
    """Make a sender send its track's packets as they are pushed, and a report in `report_interval_s`.

    `on_report` takes what the other end says of them. Call before the connection is up.
    """
    internals: dict[str, Any] = vars(sender)

    async def run_rtp(codec: RTCRtpCodecParameters) -> None:
        internals["_RTCRtpSender__rtp_started"].set()
        stream = streams[sender] = _RtpStream(sender.transport, sender._ssrc, codec.payloadType or 0)
        track.attach(stream.send)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            track.stop()
        internals["_RTCRtpSender__rtp_exited"].set()

    async def run_rtcp() -> None:
        internals["_RTCRtpSender__rtcp_started"].set()
        try:
            while True:
                await asyncio.sleep(report_interval_s)
                report = streams[sender].report()
                if report is not None:
                    await _send_rtcp(sender, report)
        except asyncio.CancelledError:
            await _send_rtcp(sender, bytes(RtcpByePacket(sources=[sender._ssrc])))
        internals["_RTCRtpSender__rtcp_exited"].set()

    async def handle_rtcp(packet: AnyRtcpPacket) -> None:
        if sender in streams and isinstance(packet, RtcpRrPacket | RtcpSrPacket):
            for block in packet.reports:
                if block.ssrc == sender._ssrc:
                    on_report(streams[sender].reports.read(block))

    streams: dict[RTCRtpSender, _RtpStream] = {}
    sender._handle_rtcp_packet = handle_rtcp  # type: ignore[method-assign]
    sender._run_rtp = run_rtp  # type: ignore[method-assign]
    sender._run_rtcp = run_rtcp  # type: ignore[method-assign]


async def _send_rtcp(sender: RTCRtpSender, packet: bytes) -> None:
    try:
        await sender.transport._send_rtp(packet)
    except ConnectionError:
        # The connection went; whoever needs to know hears it from the connection.
        return


def take_voice_packets(receiver: RTCRtpReceiver, on_packet: VoicePacketHandler) -> None:
    """Hand over a receiver's RTP packets as they arrive, undecoded. Call before the connection is up.

    Why: a track yields decoded sound, 4 packets late, and only what the jitter buffer let through. Receiver
    reports keep their statistics.
    """
    internals: dict[str, Any] = vars(receiver)
    statistics: dict[int, StreamStatistics] = internals["_RTCRtpReceiver__remote_streams"]

    def take(packet: RtpPacket) -> None:
        if packet.ssrc not in statistics:
            if len(statistics) >= _STREAMS:
                return
            statistics[packet.ssrc] = StreamStatistics(48_000)
        statistics[packet.ssrc].add(packet)
        if packet.payload:
            on_packet(packet.payload, packet.timestamp)

    internals["take_packet"] = take


def voice_packets(receiver: RTCRtpReceiver) -> tuple[int, int]:
    """Return how many packets a receiver has expected so far, and how many of them did not come."""
    statistics: dict[int, StreamStatistics] = vars(receiver)["_RTCRtpReceiver__remote_streams"]
    return (
        sum(stream.packets_expected for stream in statistics.values()),
        sum(max(0, stream.packets_lost) for stream in statistics.values()),
    )


def receive_at_once(connection: RTCPeerConnection) -> None:
    """Handle voice packets and data where they come from the socket. Call when the connection has its first sections.

    Everything else, RTCP and the handshake, goes the usual way.
    """
    transport = connection.getTransceivers()[0].receiver.transport
    ice: Any = transport.transport._connection
    receive_later = ice.data_received
    handshake: dict[str, Any] = vars(transport)

    def receive(data: bytes, component: int) -> None:
        if len(data) < 2 or transport._state is not State.CONNECTED:
            receive_later(data, component)
        elif 127 < data[0] < 192 and not is_rtcp(data):
            _receive_voice(transport, data)
        elif 19 < data[0] < 64 and handshake["_RTCDtlsTransport__handshake_done"]:
            try:
                run_now(_receive_data(transport, data))
            except ConnectionError:
                # To whoever waits in the usual way, this says that the connection has ended.
                ice._queue.put_nowait(None)
        else:
            receive_later(data, component)

    ice.data_received = receive


def _receive_voice(transport: RTCDtlsTransport, data: bytes) -> None:
    try:
        packet = RtpPacket.parse(transport._rx_srtp.unprotect(data), transport._rtp_header_extensions_map)
    except (pylibsrtp.Error, ValueError):
        return
    receiver = transport._rtp_router.route_rtp(packet)
    if receiver is not None:
        vars(receiver)["take_packet"](packet)


async def _receive_data(transport: RTCDtlsTransport, record: bytes) -> None:
    """Take a DTLS record; raises `ConnectionError` if the other end has closed, or breaks SCTP."""
    assert transport._ssl is not None
    transport._ssl.bio_write(record)
    try:
        data = transport._ssl.recv(_RECORD_BYTES)
    except SSL.ZeroReturnError as error:
        raise ConnectionError("the other end has closed") from error
    except SSL.Error:
        data = b""
    await transport._write_ssl()
    if data and transport._data_receiver:
        await transport._data_receiver._handle_data(data)


def send_data_at_once(connection: RTCPeerConnection) -> None:
    """Send messages of data channels when they are handed over, instead of in a task for each."""
    sctp = connection.sctp
    assert sctp is not None
    flush = sctp._data_channel_flush
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    done.set_result(None)

    def flush_now() -> asyncio.Future[None]:
        try:
            run_now(flush())
        except (ConnectionError, SSL.Error) as error:
            logger.debug("data were not sent: %r", error)
        return done

    sctp._data_channel_flush = flush_now  # type: ignore[method-assign, assignment]
