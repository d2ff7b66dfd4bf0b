"""One stretch of a call, from joining to the loss of the connection: signalling and the WebRTC connection."""

import asyncio
import logging
from collections import deque
from dataclasses import replace
from typing import Protocol

from server.client.events import RoomNews
from server.client.media import MOST_SLOTS, CallMedia
from server.client.signalling_socket import SignallingSocket
from server.errors import CallError
from server.protocol.messages import (
    Answer,
    Join,
    Joined,
    Leave,
    Offer,
    ParticipantAway,
    ParticipantInfo,
    ParticipantJoined,
    ParticipantLeft,
    ServerMessage,
    Voices,
)
from server.protocol.room_messages import HostMessage, Knock, KnockGone, MuteRequested, RoomChanged, RoomState, Waiting
from server.settings import LinkSettings
from server.webrtc.channels import Channel
from server.webrtc.sdp import requested_voice

logger = logging.getLogger(__name__)

_GOODBYE_TIMEOUT_S = 2.0
#: Voice packets that overtake the message which says whose they are.
_EARLY_PACKETS = 4


class SessionListener(Protocol):
    """What a session reports."""

    def on_participant_came(self, participant: ParticipantInfo) -> None:
        """Somebody joined."""

    def on_participant_went(self, participant: ParticipantInfo, reason: str) -> None:
        """Somebody left."""

    def on_participant_away(self, participant: ParticipantInfo) -> None:
        """Nothing comes from somebody any more, or something does again."""

    def on_room_news(self, news: RoomNews) -> None:
        """The server said something of the room's door or hosts."""

    def on_message(self, channel: Channel, message: bytes) -> None:
        """A message came on a data channel."""

    def on_voice(self, speaker: int, payload: bytes, timestamp: int) -> None:
        """A voice packet came, perhaps with bundles behind its sound."""

    def on_voices(self, speakers: frozenset[int]) -> None:
        """From now on packets of these speakers come."""


class CallSession:
    """One join. `open`, then take part until it has `ended`, then `close`."""

    def __init__(self, socket: SignallingSocket, link: LinkSettings, listener: SessionListener) -> None:
        self._socket = socket
        self._link = link
        self._listener = listener
        self._media: CallMedia | None = None
        self._speakers: dict[str, int | None] = {}
        self._early: deque[tuple[str, bytes, int]] = deque(maxlen=_EARLY_PACKETS)
        self._negotiating = False
        self._failed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._serving: asyncio.Task[CallError] | None = None
        self._silent = asyncio.Event()
        self._heard = asyncio.Event()
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

    async def open(self, join: Join) -> tuple[ParticipantInfo, ...]:
        """Join and connect; returns who was there. Raises `CallError`, everything closed again."""
        try:
            await self._socket.send(join)
            there = await self._handshake()
        except BaseException:
            await self.close()
            raise
        self._serving = asyncio.create_task(self._serve())
        return there

    async def ended(self) -> CallError:
        """Return why the session has ended, once it has; or that it is silent, once it is."""
        serving = await self._serve_until(self._silent)
        if serving.done():
            return serving.result()
        return CallError("media-failed", "nothing comes from the server any more")

    @property
    def is_over(self) -> bool:
        """Whether the session has ended for good, and not only fallen silent."""
        return self._serving is not None and self._serving.done()

    async def heard(self) -> None:
        """Return once something comes again from the server; never if the session has ended."""
        serving = await self._serve_until(self._heard)
        if serving.done():
            await asyncio.Event().wait()

    async def _serve_until(self, event: asyncio.Event) -> asyncio.Task[CallError]:
        """Return once the event has come, or the session has ended."""
        assert self._serving is not None
        waiting = asyncio.create_task(event.wait())
        try:
            await asyncio.wait((self._serving, waiting), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        return self._serving

    async def _serve(self) -> CallError:
        """Take part until the connection is lost; return why."""
        try:
            while True:
                await self._handle(await self._receive())
        except CallError as error:
            return error

    async def use_power(self, message: HostMessage) -> None:
        """Ask for what only hosts may do. Raises `CallError` if the connection is lost."""
        await self._socket.send(message)

    async def say_goodbye(self) -> None:
        """Tell the server that this end leaves on purpose."""
        try:
            async with asyncio.timeout(_GOODBYE_TIMEOUT_S):
                await self._socket.send(Leave())
        except (CallError, TimeoutError):
            logger.debug("the socket was gone before leave")

    async def close(self) -> None:
        """Close everything; safe to call twice."""
        if self._serving is not None:
            self._serving.cancel()
        if self._media is not None:
            await self._media.close()
        await self._socket.close()

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
            joined.ice_servers,
            self._link,
            self._listener.on_message,
            self._on_voice,
            self._on_silence,
            self._on_media_failure,
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
            case ParticipantAway(participant_id, is_away) if participant_id in self.participants:
                info = replace(self.participants[participant_id], away=is_away)
                self.participants[participant_id] = info
                self._listener.on_participant_away(info)
            case Voices(slots):
                self._speakers = slots
                self._listener.on_voices(frozenset(speaker for speaker in slots.values() if speaker is not None))
                early, self._early = self._early, deque(maxlen=_EARLY_PACKETS)
                for packet in early:
                    self._on_voice(*packet)
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
        await self._socket.send(Offer(await self.media.offer(slots)))

    async def _receive(self) -> ServerMessage:
        """Return the next message; raises `CallError` if the server sends an error, goes, or media fail."""
        reading = asyncio.create_task(self._socket.receive())
        try:
            await asyncio.wait((reading, self._failed), return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                return reading.result()
            raise CallError("media-failed", self._failed.result())
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    def _on_voice(self, mid: str, payload: bytes, timestamp: int) -> None:
        speaker = self._speakers.get(mid)
        if speaker is not None:
            self._listener.on_voice(speaker, payload, timestamp)
        else:
            self._early.append((mid, payload, timestamp))

    def _on_media_failure(self, reason: str) -> None:
        if not self._failed.done():
            self._failed.set_result(reason)

    def _on_silence(self, is_silent: bool) -> None:
        now, before = (self._silent, self._heard) if is_silent else (self._heard, self._silent)
        now.set()
        before.clear()
