"""One stretch of a call, from joining to the loss of the connection: signalling and the WebRTC connection."""

import asyncio
import logging
import ssl
from typing import Protocol

import aiohttp

from server.client.events import CallStats, RoomNews
from server.client.media import MOST_SLOTS, CallMedia
from server.errors import CallError, ProtocolError
from server.protocol.messages import (
    Answer,
    ClientMessage,
    Error,
    Join,
    Joined,
    Leave,
    Offer,
    ParticipantInfo,
    ParticipantJoined,
    ParticipantLeft,
    ServerMessage,
    Voices,
    pack,
    parse_server_message,
)
from server.protocol.room_messages import HostMessage, Knock, KnockGone, MuteRequested, RoomChanged, RoomState, Waiting
from server.settings import LinkSettings
from server.webrtc.channels import Channel
from server.webrtc.sdp import requested_voice

logger = logging.getLogger(__name__)

_CONNECT_TIMEOUT_S = 10.0
_SILENCE_S = 12.0
_CLOSE_TIMEOUT_S = 2.0
_MESSAGE_BYTES = 1 << 18


class SessionListener(Protocol):
    """What a session reports."""

    def on_participant_came(self, participant: ParticipantInfo) -> None:
        """Somebody joined."""

    def on_participant_went(self, participant: ParticipantInfo, reason: str) -> None:
        """Somebody left."""

    def on_room_news(self, news: RoomNews) -> None:
        """The server said something of the room's door or hosts."""

    def on_message(self, channel: Channel, message: bytes) -> None:
        """A message came on a data channel."""

    def on_voice(self, speaker: int, payload: bytes, timestamp: int) -> None:
        """A voice packet came, perhaps with bundles behind its sound."""

    def on_voices(self, speakers: frozenset[int]) -> None:
        """From now on packets of these speakers come."""


class CallSession:
    """One join. `open`, then `serve` until it raises, then `close`."""

    def __init__(
        self, http: aiohttp.ClientSession, link: LinkSettings, stats: CallStats, listener: SessionListener
    ) -> None:
        self._http = http
        self._link = link
        self._stats = stats
        self._listener = listener
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._media: CallMedia | None = None
        self._speakers: dict[str, int | None] = {}
        self._negotiating = False
        self._failed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.id = 0
        self.participants: dict[int, ParticipantInfo] = {}
        self.room = RoomState()
        self.admission: str | None = None
        self.nodes: tuple[str, ...] = ()
        self.voice_kbps: float | None = None
        self.voice_ptime_ms: int | None = None

    @property
    def media(self) -> CallMedia:
        """The WebRTC connection; there is one once `open` has joined."""
        assert self._media is not None
        return self._media

    async def open(self, url: str, tls: ssl.SSLContext | None, join: Join) -> tuple[ParticipantInfo, ...]:
        """Join and connect; returns who was there. Raises `CallError`, everything closed again."""
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                self._socket = await self._http.ws_connect(
                    url,
                    ssl=tls or True,
                    timeout=aiohttp.ClientWSTimeout(ws_receive=_SILENCE_S, ws_close=_CLOSE_TIMEOUT_S),
                    max_msg_size=_MESSAGE_BYTES,
                )
        except aiohttp.WSServerHandshakeError as error:
            code = "too-fast" if error.status == 429 else "unreachable"
            raise CallError(code, f"{url} answers {error.status} {error.message}") from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise CallError("unreachable", f"cannot reach {url}: {error or 'no answer'}") from error
        try:
            await self._send(join)
            return await self._handshake()
        except BaseException:
            await self.close()
            raise

    async def serve(self) -> None:
        """Take part until the connection is lost; always ends with `CallError`."""
        while True:
            await self._handle(await self._receive())

    async def use_power(self, message: HostMessage) -> None:
        """Ask for what only hosts may do. Raises `CallError` if the connection is lost."""
        await self._send(message)

    async def say_goodbye(self) -> None:
        """Tell the server that this end leaves on purpose."""
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._send(Leave())
        except (CallError, TimeoutError):
            logger.debug("the socket was gone before leave")

    async def close(self) -> None:
        """Close everything; safe to call twice."""
        if self._media is not None:
            await self._media.close()
        if self._socket is not None:
            try:
                async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                    await self._socket.close()
            except TimeoutError:
                logger.debug("the server did not close its end of the socket")

    async def _handshake(self) -> tuple[ParticipantInfo, ...]:
        joined = await self._receive()
        if isinstance(joined, Waiting):
            self._listener.on_room_news(RoomNews(joined))
            joined = await self._receive()
        if not isinstance(joined, Joined):
            raise CallError("bad-message", f"the server sent {joined.type} before joined")
        self.id, self.room, self.admission = joined.id, joined.room, joined.admission
        self.nodes = joined.nodes
        self.participants = {participant.id: participant for participant in joined.participants}
        self._media = CallMedia(
            joined.ice_servers, self._link, self._listener.on_message, self._on_voice, self._on_media_failure
        )
        await self._offer(max(1, len(self.participants)))
        while self._negotiating:
            await self._handle(await self._receive())
        await self._media.wait_open()
        return joined.participants

    async def _handle(self, message: ServerMessage) -> None:
        match message:
            case ParticipantJoined(participant):
                self.participants[participant.id] = participant
                self._listener.on_participant_came(participant)
                await self._offer_missing_slots()
            case ParticipantLeft(participant_id, reason):
                gone = self.participants.pop(participant_id, None)
                if gone is not None:
                    self._listener.on_participant_went(gone, reason)
            case Voices(slots):
                self._speakers = slots
                self._listener.on_voices(frozenset(speaker for speaker in slots.values() if speaker is not None))
            case Answer(sdp) if self._negotiating:
                await self.media.accept(sdp)
                self.voice_kbps, self.voice_ptime_ms = requested_voice(sdp)
                self._negotiating = False
                await self._offer_missing_slots()
            case RoomChanged(room):
                self.room = room
                self._listener.on_room_news(RoomNews(message))
            case Knock() | KnockGone() | MuteRequested():
                self._listener.on_room_news(RoomNews(message))
            case _:
                raise CallError("bad-message", f"the server sent an unexpected {message.type}")

    async def _offer_missing_slots(self) -> None:
        wanted = min(len(self.participants), MOST_SLOTS)
        if not self._negotiating and self.media.slots < wanted:
            await self._offer(wanted)

    async def _offer(self, slots: int) -> None:
        self._negotiating = True
        await self._send(Offer(await self.media.offer(slots)))

    async def _send(self, message: ClientMessage) -> None:
        assert self._socket is not None
        data = pack(message)
        try:
            await self._socket.send_bytes(data)
        except (ConnectionError, aiohttp.ClientError) as error:
            raise CallError("unreachable", "the server closed the connection") from error
        self._stats.count_up("signalling", data)

    async def _receive(self) -> ServerMessage:
        """Return the next message; raises `CallError` if the server sends an error, goes, or media fail."""
        assert self._socket is not None
        reading = asyncio.ensure_future(self._socket.receive())
        try:
            await asyncio.wait((reading, self._failed), return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not reading.done():
                reading.cancel()
        if not reading.done():
            await asyncio.gather(reading, return_exceptions=True)
            raise CallError("media-failed", self._failed.result())
        try:
            received = reading.result()
        except TimeoutError as error:
            raise CallError("unreachable", f"no sign of the server for {_SILENCE_S:g} s") from error
        if received.type is not aiohttp.WSMsgType.BINARY:
            raise CallError("unreachable", "the server closed the connection")
        self._stats.count_down("signalling", received.data)
        try:
            message = parse_server_message(received.data)
        except ProtocolError as error:
            raise CallError("bad-message", f"the server sent something strange: {error}") from error
        if isinstance(message, Error):
            raise CallError(message.code, message.message)
        return message

    def _on_voice(self, mid: str, payload: bytes, timestamp: int) -> None:
        speaker = self._speakers.get(mid)
        if speaker is not None:
            self._listener.on_voice(speaker, payload, timestamp)

    def _on_media_failure(self, reason: str) -> None:
        if not self._failed.done():
            self._failed.set_result(reason)
