"""A call from Python: the protocol's client over aiohttp and aiortc (docs/protocol.md).

call = Call("http://localhost:8080/room/tea", "Ann")
await call.connect()
async for event in call.events():
    match event:
        case BundleReceived(sender, bundle): ...
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from functools import partial

import aiohttp
import msgpack

from server.client.events import (
    CallEnded,
    CallEvent,
    CallStats,
    ParticipantAway,
    ParticipantCame,
    ParticipantWent,
    Reconnected,
    Reconnecting,
    RoomNews,
    VoicesAssigned,
)
from server.client.node_ring import NodeRing
from server.client.presence import Presence
from server.client.reach import Reach
from server.client.room_link import RoomLink
from server.client.session import CallSession
from server.client.signalling_socket import SignallingSocket
from server.client.traffic import Traffic
from server.encryption.status import NOT_ENCRYPTED, EncryptionStatus
from server.errors import CallError
from server.protocol.messages import SOURCES, Join, ParticipantInfo
from server.protocol.room_messages import HostMessage, RoomState, Waiting
from server.settings import LinkSettings, is_loopback
from server.webrtc.channels import Channel

logger = logging.getLogger(__name__)

_WAITING_EVENTS = 4096
#: Another server should be tried first.
_NODE_GONE_CODES = ("unreachable", "going-away")


class Call:
    """One participant of one room. Joins again by itself when the connection is lost."""

    def __init__(
        self,
        url: str,
        name: str,
        source: str = "camera",
        *,
        tls: ssl.SSLContext | None = None,
        link: LinkSettings | None = None,
    ) -> None:
        """Prepare a call to `url` as `name` (1–64 characters), fed by `source` (`camera`, `file`, `none`).

        `tls` verifies the server where the system's own roots do not. Raises `CallError` (`bad-url`) and
        `ValueError` for an unknown source.
        """
        if source not in SOURCES:
            raise ValueError(f"source is {source!r}, expected one of {', '.join(SOURCES)}")
        self._room_link = RoomLink.parse(url)
        self._nodes = NodeRing(self._room_link.signalling_url)
        self._admission: str | None = None
        self._name = name
        self._source = source
        self._tls = tls
        self._link = link or LinkSettings(loopback=is_loopback(self._room_link.host))
        self._events: asyncio.Queue[CallEvent] = asyncio.Queue(_WAITING_EVENTS)
        self._http: aiohttp.ClientSession | None = None
        self._session: CallSession | None = None
        self._traffic: Traffic | None = None
        self._last_encryption = NOT_ENCRYPTED
        self._running: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._held: list[Callable[[], None]] | None = None
        self._known: dict[int, ParticipantInfo] = {}
        self._ended = False
        self.stats = CallStats()

    @property
    def id(self) -> int | None:
        """Own id in the room, 1–255, or None while not connected."""
        return self._session.id if self._session else None

    @property
    def participants(self) -> dict[int, ParticipantInfo]:
        """The others in the room by id; empty while not connected."""
        return dict(self._session.participants) if self._session else {}

    @property
    def room(self) -> RoomState:
        """The state of the room's door, and its hosts; empty while not connected."""
        return self._session.room if self._session else RoomState()

    @property
    def voice_kbps(self) -> float | None:
        """Bitrate at which the server wants the voice encoded, if it says."""
        return self._session.voice_kbps if self._session else None

    @property
    def voice_ptime_ms(self) -> int | None:
        """Milliseconds of sound that the server wants in an Opus packet, if it says."""
        return self._session.voice_ptime_ms if self._session else None

    @property
    def is_sealed(self) -> bool:
        """Whether the link has a key, so that what is sent is end-to-end encrypted."""
        return self._room_link.secret is not None

    @property
    def encryption(self) -> EncryptionStatus:
        """How the call is protected now, or was when it was last connected."""
        return self._traffic.encryption if self._traffic else self._last_encryption

    async def connect(self) -> None:
        """Join the room; returns when bundles, keyframes and voice can flow.

        Raises `CallError`: `unreachable`, `media-failed`, or the code with which the server refuses.
        """
        if self._running is not None:
            raise RuntimeError("a Call connects once: make a new one")
        self._http = aiohttp.ClientSession()
        reach = Reach(self._http, self._nodes, self._tls, self.stats)
        try:
            session = await self._join(await reach.once())
        except BaseException:
            await self._http.close()
            raise
        self._running = asyncio.create_task(self._run(Presence(reach, self._join, self), session))

    async def leave(self) -> None:
        """Leave the room and end the call; the others are told. Safe to call twice."""
        if self._running is None:
            return
        if self._session is not None:
            await self._session.say_goodbye()
        self._running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._running
        await self._end(None)

    async def use_power(self, message: HostMessage) -> None:
        """Do what only hosts may: lock, let in, ask to mute, remove, end. Others lose the call (`not-host`).

        Nothing happens while not connected.
        """
        if self._session is not None:
            await self._session.use_power(message)

    async def events(self) -> AsyncIterator[CallEvent]:
        """Yield what happens, `CallEnded` last. Of more than 4 096 waiting ones the oldest go, counted."""
        while True:
            event = await self._events.get()
            yield event
            if isinstance(event, CallEnded):
                return

    def send_bundle(self, bundle: bytes) -> bool:
        """Send a bundle to everybody; False while not connected. Raises `ProtocolError` if too long."""
        if self._traffic is not None:
            self._traffic.send_bundle(bundle)
        return self._traffic is not None

    def send_behind_voice(self, bundle: bytes) -> bool:
        """Send a bundle behind the next voice packet; False if it cannot go there, or while not connected.

        It reaches those only who hear this voice and take trailers (docs/protocol.md, "Transports").
        """
        return self._traffic is not None and self._traffic.send_behind_voice(bundle)

    def set_redundancy(self, depth: int) -> None:
        """Send each voice packet, and the bundles behind it, again so many times (0–2) while this connection lasts."""
        if self._session is not None:
            self._session.media.set_redundancy(depth)

    def send_keyframe_slice(self, to: int, keyframe_slice: bytes) -> bool:
        """Send a slice to `to` (0 = everybody); False while not connected. Raises `ProtocolError`."""
        return self._send(Channel.KEYFRAME, to, keyframe_slice)

    def send_control(self, to: int, message: dict[str, object]) -> bool:
        """Send a message to `to` (0 = everybody); False while not connected. Raises `ProtocolError`."""
        return self._send(Channel.CONTROL, to, msgpack.packb(message))

    def send_voice(self, payload: bytes, samples: int) -> bool:
        """Send an Opus packet of `samples` at 48 kHz, empty for silence; False while not connected."""
        if self._traffic is not None:
            self._traffic.send_voice(payload, samples)
        return self._traffic is not None

    def _send(self, channel: Channel, to: int, payload: bytes) -> bool:
        if self._traffic is not None:
            self._traffic.send(channel, to, payload)
        return self._traffic is not None

    async def _join(self, socket: SignallingSocket) -> CallSession:
        """Join the room; what happens meanwhile is reported after who is there. Raises `CallError`."""
        self._held = []
        try:
            session = CallSession(socket, self._link, self)
            join = Join(self._name, self._source, token=self._room_link.token, admission=self._admission)
            there = await session.open(join)
            await self._close_session()
            self._session = session
            self._traffic = traffic = Traffic(session, self._room_link, self.stats, self._emit)
            self._admission = session.admission
            self._nodes.learn(session.nodes)
            self._report_changes(there)
            self._known = session.participants
            held, self._held = self._held, None
            traffic.begin()
            for take in held:
                take()
        finally:
            self._held = None
        return session

    def _report_changes(self, there: tuple[ParticipantInfo, ...]) -> None:
        sessions = {info.id: info.session for info in there}
        for info in self._known.values():
            if sessions.get(info.id) != info.session:
                self._enqueue(ParticipantWent(info, "lost"))
        for info in there:
            if info.id not in self._known or self._known[info.id].session != info.session:
                self._enqueue(ParticipantCame(info))
            self._enqueue(ParticipantAway(info))

    async def on_loss(self, reason: CallError, *, is_over: bool) -> None:
        """Learn that nothing reaches the server any more."""
        if is_over:
            await self._close_session()
        self._emit(Reconnecting(str(reason)))

    def on_return(self, *, is_new_connection: bool) -> None:
        """Learn that something does again."""
        assert self._session is not None
        self.stats.reconnections += 1
        self._enqueue(Reconnected(self._session.id, is_new_connection))

    async def _run(self, presence: Presence, session: CallSession) -> None:
        """Take part until the server will not have it any more; leaving cancels this."""
        await self._end(await presence.last(session))

    async def _close_session(self) -> None:
        if self._session is not None:
            self._closing = asyncio.create_task(self._session.close())
            self._session = None
        if self._traffic is not None:
            self._last_encryption = self._traffic.encryption
            self._traffic.close()
            self._traffic = None
        if self._closing is not None:
            await asyncio.shield(self._closing)

    async def _end(self, error: CallError | None) -> None:
        if self._ended:
            return
        self._ended = True
        await self._close_session()
        if self._http is not None:
            await self._http.close()
        self._emit(CallEnded(error))

    def on_participant_came(self, participant: ParticipantInfo) -> None:
        """Take a newcomer from the session."""
        self._emit(ParticipantCame(participant))

    def on_participant_away(self, participant: ParticipantInfo) -> None:
        """Take from the session that somebody is away, or is back."""
        self._emit(ParticipantAway(participant))

    def on_participant_went(self, participant: ParticipantInfo, reason: str) -> None:
        """Take a departure from the session."""
        if self._held is not None:
            self._held.append(partial(self.on_participant_went, participant, reason))
            return
        if self._traffic is not None:
            self._traffic.participant_went(participant.id)
        self._emit(ParticipantWent(participant, reason))

    def on_room_news(self, news: RoomNews) -> None:
        """Take news of the room from the session; waiting is news at once, not when it is over."""
        if isinstance(news.message, Waiting):
            self._enqueue(news)
        else:
            self._emit(news)

    def on_message(self, channel: Channel, message: bytes) -> None:
        """Take a message of a data channel from the session."""
        if self._held is not None:
            self._held.append(partial(self.on_message, channel, message))
        elif self._traffic is not None:
            self._traffic.on_message(channel, message)

    def on_voice(self, speaker: int, payload: bytes, timestamp: int) -> None:
        """Take a voice packet from the session."""
        if self._held is not None:
            self._held.append(partial(self.on_voice, speaker, payload, timestamp))
        elif self._traffic is not None:
            self._traffic.on_voice(speaker, payload, timestamp)

    def on_voices(self, speakers: frozenset[int]) -> None:
        """Take from the session whose voices come."""
        self._emit(VoicesAssigned(speakers))

    def _emit(self, event: CallEvent) -> None:
        if self._held is not None:
            self._held.append(partial(self._enqueue, event))
        else:
            self._enqueue(event)

    def _enqueue(self, event: CallEvent) -> None:
        if self._events.full():
            self._events.get_nowait()
            self.stats.events_dropped += 1
        self._events.put_nowait(event)
