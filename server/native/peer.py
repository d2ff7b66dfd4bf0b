"""The native peer: one call from a terminal, its events, its printed lines, its figures."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from codec.animator import Animator
from codec.recording import RecordKind
from codec.speech.model import SpeechModel
from server.client.call import Call
from server.client.events import (
    BundleReceived,
    CallEnded,
    CallEvent,
    ControlReceived,
    EncryptionChanged,
    KeyframeSliceReceived,
    KeysExchanged,
    ParticipantAway,
    ParticipantCame,
    ParticipantWent,
    Reconnected,
    Reconnecting,
    RoomNews,
    VoiceReceived,
    VoicesAssigned,
)
from server.encryption.status import EncryptionStatus
from server.errors import CallError
from server.native.drawing import DrawingThread
from server.native.loudspeaker import Mixer
from server.native.recorder import CallRecorder
from server.native.remote import NoAnimation, RemoteParticipant
from server.native.sending import Sending
from server.native.window import Window
from server.protocol.messages import ParticipantInfo
from server.protocol.room_messages import MuteRequested

_PICTURE_INTERVAL_S = 1 / 25
_UNDRAWN_INTERVAL_S = 0.5
_STATUS_INTERVAL_S = 5.0
_KEYFRAME_NUMBERS = 256
#: Participants who left, whose figures are kept.
_MOST_GONE = 1000


@dataclass(slots=True)
class Receivers:
    """What happens to what the others send, beyond being counted."""

    animator: Animator | None = None  #: draws the others' pictures
    window: Window | None = None  #: shows them; needs an animator
    mixer: Mixer | None = None  #: plays their voices
    recorder: CallRecorder | None = None
    speech: SpeechModel | None = None  #: lets their voices move their faces, too; needs an animator
    drawn_in: DrawingThread | None = None  #: somebody else draws the others' pictures, in this thread of theirs


class NativePeer:
    """One participant. Make it, set `sending.store` to what feeds it, then `connect` and `run`."""

    def __init__(
        self, call: Call, receivers: Receivers, say: Callable[[str], None] = print, *, thin: bool = True
    ) -> None:
        """Prepare; `say` takes the lines that a person reads. Without `thin`, bundles go by data channel only."""
        self.sending = Sending(call, _now_ms, thin=thin)
        self.sending.is_recording = receivers.recorder is not None
        self.stopped = asyncio.Event()  #: set it to leave
        self.remotes: dict[int, RemoteParticipant] = {}
        self._call = call
        self._receivers = receivers
        self._say = say
        self._gone: deque[dict[str, Any]] = deque(maxlen=_MOST_GONE)
        self._drawing = receivers.drawn_in or DrawingThread()
        self._speakers: frozenset[int] = frozenset()
        self._joined_ms = 0.0
        self._error: CallError | None = None

    async def connect(self) -> None:
        """Join the room. Raises `CallError` if that fails, or `stopped` is set before."""
        connecting = asyncio.create_task(self._call.connect())
        stopping = asyncio.create_task(self.stopped.wait())
        await asyncio.wait((connecting, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not connecting.done():
            connecting.cancel()
            await asyncio.gather(connecting, return_exceptions=True)
            raise CallError("unreachable", "stopped before the room was joined")
        connecting.result()
        self._joined_ms = _now_ms()
        self._say(f"joined as participant {self._call.id}")
        self._introduce()

    async def run(self) -> None:
        """Take part until `stopped`. Raises `CallError` if the server will not have this peer any more."""
        works = [self._follow(), self._report_status()]
        if self._receivers.drawn_in is None:
            works.append(self._show())
        tasks = [asyncio.create_task(work) for work in works]
        stopping = asyncio.create_task(self.stopped.wait())
        try:
            done, _ = await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (*tasks, stopping):
                task.cancel()
            await asyncio.gather(*tasks, stopping, return_exceptions=True)
            await self._call.leave()
        if self._error is not None:
            raise self._error

    async def close(self) -> None:
        """End the drawing thread and the recording. Safe to call in any state."""
        if self._receivers.drawn_in is None:
            await asyncio.to_thread(self._drawing.close)
        if self._receivers.recorder is not None:
            self._receivers.recorder.close()

    def report(self) -> dict[str, Any]:
        """Return the figures for `--stats`; valid after `run` too."""
        now_ms, stats = _now_ms(), self._call.stats
        channels = ("motion", "keyframe", "control", "voice", "trailer", "signalling")
        return {
            "seconds": round((now_ms - self._joined_ms) / 1000, 2) if self._joined_ms else 0.0,
            "reconnections": stats.reconnections,
            "bad_messages": stats.bad_messages,
            "events_dropped": stats.events_dropped,
            "transport": self.sending.bundles.sending,
            "encryption": self._report_encryption(),
            "channels": {
                channel: {
                    "messages_up": stats.messages_up[channel],
                    "bytes_up": stats.bytes_up[channel],
                    "messages_down": stats.messages_down[channel],
                    "bytes_down": stats.bytes_down[channel],
                }
                for channel in channels
            },
            "participants": [*self._gone, *(remote.report(now_ms) for remote in self.remotes.values())],
        }

    def _report_encryption(self) -> dict[str, Any]:
        status = self._call.encryption
        return {
            "sealed": status.sealed,
            "voice_sealed": status.voice_sealed,
            "strangers": sorted(status.strangers),
            "dropped": dict(self._call.stats.dropped),
        }

    async def _follow(self) -> None:
        async for event in self._call.events():
            self._handle(event)

    def _handle(self, event: CallEvent) -> None:
        match event:
            case ParticipantCame(participant):
                self._welcome(participant)
            case ParticipantWent(participant, reason):
                self._say(f"{participant.name} ({participant.id}) {'left' if reason == 'left' else f'was {reason}'}")
                self._forget(participant.id)
            case BundleReceived(sender, bundle) if sender in self.remotes:
                self._take_bundle(self.remotes[sender], bundle)
            case KeyframeSliceReceived(sender, part) if sender in self.remotes:
                self._take_slice(self.remotes[sender], part)
            case ControlReceived(sender, message) if sender in self.remotes:
                self._take_control(self.remotes[sender], message)
            case VoiceReceived(sender, packet, timestamp) if sender in self.remotes:
                self._take_voice(self.remotes[sender], packet, timestamp)
            case VoicesAssigned(speakers):
                self._hear(speakers)
            case KeysExchanged(participant_id) if participant_id in self.remotes:
                self._greet_with_keys(self.remotes[participant_id])
            case EncryptionChanged(status):
                self._tell_encryption(status)
            case RoomNews(MuteRequested()):
                self._say("a host asks you to mute")
            case ParticipantAway(participant) if participant.id in self.remotes:
                self._note_away(self.remotes[participant.id], participant.away)
            case Reconnecting(reason):
                self._say(f"connection lost ({reason}); trying again")
            case Reconnected(own_id, is_new_connection):
                self._say(f"connected again as participant {own_id}")
                if is_new_connection:
                    self._introduce_again()
            case CallEnded(error):
                self._error = error

    def _welcome(self, participant: ParticipantInfo) -> None:
        if participant.id in self.remotes:
            self._forget(participant.id)
        label = "" if participant.source == "camera" else f", fed from {participant.source}"
        self._say(f"{participant.name} ({participant.id}) is here{label}")
        animator = self._receivers.animator or NoAnimation()
        drive = self._receivers.speech.drive() if self._receivers.speech else None
        self.remotes[participant.id] = RemoteParticipant(participant, animator, _now_ms(), drive)
        if self._receivers.recorder is not None:
            self._receivers.recorder.note_participant(participant)

    def _introduce(self) -> None:
        """Say to everybody who this is; in a call whose link has a key each is told when it has this end's key."""
        if not self._call.is_sealed:
            self.sending.introduce()

    def _greet(self, remote: RemoteParticipant) -> None:
        """Answer the first sign that messages reach somebody."""
        remote.has_greeted = True
        self.sending.introduce(remote.info.id)
        if remote.info.id in self._speakers:
            self.sending.tell_reading(remote.info.id, read=True)

    def _tell_encryption(self, status: EncryptionStatus) -> None:
        self._say(str(status))
        strangers = [remote.info.name for known, remote in self.remotes.items() if known in status.strangers]
        if strangers:
            lack = "came without this link's key" if status.sealed else "came with a key, which this link lacks"
            self._say(f"{', '.join(strangers)} {lack}: neither side sees or hears the other")

    def _note_away(self, remote: RemoteParticipant, is_away: bool) -> None:
        if remote.is_away != is_away:
            remote.is_away = is_away
            self._say(f"{remote.info.name} ({remote.info.id}) is {'away' if is_away else 'back'}")

    def _greet_with_keys(self, remote: RemoteParticipant) -> None:
        """Say what could not be read before; both sides do, when either's connection is new."""
        if remote.has_greeted:
            self.sending.tell_state(remote.info.id)
            self._tell_of_reception(remote, answer=False)
        else:
            self._greet(remote)

    def _introduce_again(self) -> None:
        """Say what the others know of the last connection; where the link has a key, once they have the new one."""
        if self._call.is_sealed:
            return
        self.sending.tell_state()
        for remote in self.remotes.values():
            if remote.has_greeted:
                self._tell_of_reception(remote, answer=True)

    def _tell_of_reception(self, remote: RemoteParticipant, *, answer: bool) -> None:
        """Tell somebody from before a new connection what comes here, and what is here of before."""
        if remote.info.id in self._speakers:
            self.sending.tell_reading(remote.info.id, read=True)
        self.sending.resume(remote.info.id, remote.newest_keyframe, answer=answer)

    def _welcome_back(self, remote: RemoteParticipant, newest: int | None, *, answer: bool) -> None:
        if answer:
            remote.has_greeted = True
            self.sending.tell_state(remote.info.id)
            self._tell_of_reception(remote, answer=False)
        self.sending.send_after(remote.info.id, newest)

    def _hear(self, speakers: frozenset[int]) -> None:
        changed = speakers ^ self._speakers
        self._speakers = speakers
        for remote in self.remotes.values():
            if remote.has_greeted and remote.info.id in changed:
                self.sending.tell_reading(remote.info.id, read=remote.info.id in speakers)

    def _forget(self, participant: int) -> None:
        self.sending.bundles.note(participant, reads=False)
        self._gone.append(self.remotes.pop(participant).report(_now_ms()))
        self._allow_prediction()
        if self._receivers.mixer is not None:
            self._receivers.mixer.forget(participant)

    def _allow_prediction(self) -> None:
        self.sending.store.set_prediction(not any(remote.needs_intra for remote in self.remotes.values()))

    def _take_bundle(self, remote: RemoteParticipant, bundle: bytes) -> None:
        arrived_ms = _now_ms()
        self._record(remote, RecordKind.BUNDLE, bundle)

        def request(numbers: list[int]) -> None:
            for number in numbers:
                self.sending.request(remote.info.id, number)

        self._drawing.put(lambda: remote.add_bundle(bundle, arrived_ms), request)

    def _take_slice(self, remote: RemoteParticipant, part: bytes) -> None:
        def record(keyframe: bytes | None) -> None:
            if keyframe is not None:
                remote.newest_keyframe = keyframe[1]
                self.sending.confirm(remote.info.id, keyframe[1])
                self._record(remote, RecordKind.KEYFRAME, keyframe)

        self._drawing.put(lambda: remote.add_slice(part), record)

    def _take_control(self, remote: RemoteParticipant, message: dict[str, object]) -> None:
        match message:
            case {"type": "state", "muted": bool(muted), "camera": "on" | "off" as camera}:
                remote.is_muted = muted
                consent = message.get("sound-drive")
                remote.allow_drive(consent == "always" or (consent != "never" and camera == "on"))
                remote.needs_intra = message.get("keyframes") == "intra"
                self._allow_prediction()
                if not remote.has_greeted:
                    self._greet(remote)
            case {"type": "keyframe-request", "number": int(number)} if 0 <= number < _KEYFRAME_NUMBERS:
                remote.figures.keyframe_requests += 1
                self.sending.answer(remote.info.id, number)
            case {"type": "resume", "newest": int() | None as newest, "answer": bool(answer)}:
                self._welcome_back(remote, newest, answer=answer)
            case {"type": "keyframe-received", "number": int()}:
                pass
            case {"type": "reception", "lost": int(lost), "late": int(), "kbps": int()} if 0 <= lost <= 100:
                self.sending.note_loss(remote.info.id, lost)
            case {"type": "trailers", "read": bool(read)}:
                self.sending.bundles.note(remote.info.id, reads=read)
            case {"type": "chat", "text": str(text)}:
                # A terminal obeys control characters.
                self._say(f"{remote.info.name}: {''.join(c if c.isprintable() else ' ' for c in text)}")
            case {"type": "reaction", "emoji": str()} | {"type": "clock" | "clock-answer"}:
                pass
            case _:
                remote.figures.broken += 1

    def _take_voice(self, remote: RemoteParticipant, packet: bytes, timestamp: int) -> None:
        remote.figures.voice_packets += 1
        if self._receivers.recorder is not None:
            self._receivers.recorder.add_voice(remote.info.id, packet, timestamp)
        if self._receivers.mixer is not None:
            self._receivers.mixer.add(remote.info.id, packet)
        if self._receivers.speech is not None:
            arrived_ms = _now_ms()
            self._drawing.put(lambda: remote.add_voice(packet, timestamp, arrived_ms), lambda _: None)

    def _record(self, remote: RemoteParticipant, kind: RecordKind, payload: bytes) -> None:
        if self._receivers.recorder is not None:
            self._receivers.recorder.add(remote.info.id, kind, payload)

    async def _show(self) -> None:
        """Draw what is due until the window is closed; without an animator only keep the states up to date."""
        interval_s = _PICTURE_INTERVAL_S if self._receivers.animator else _UNDRAWN_INTERVAL_S
        loop = asyncio.get_running_loop()
        next_s = loop.time()
        while True:
            remotes = list(self.remotes.values())
            shown = await self._drawing.show(remotes, _now_ms())
            window = self._receivers.window
            if window is not None and not window.show([remote.info.name for remote in remotes], shown):
                return
            next_s = max(next_s + interval_s, loop.time())
            await asyncio.sleep(next_s - loop.time())

    async def _report_status(self) -> None:
        bits = {"up": 0, "down": 0}
        while True:
            await asyncio.sleep(_STATUS_INTERVAL_S)
            stats = self._call.stats
            now = {"up": stats.bytes_up.total() * 8, "down": stats.bytes_down.total() * 8}
            rates = ", ".join(f"{way} {(now[way] - bits[way]) / _STATUS_INTERVAL_S / 1000:.1f}" for way in now)
            bits = now
            others = ", ".join(f"{remote.info.name}: {remote.state.value}" for remote in self.remotes.values())
            self._say(f"payload kbit/s {rates}; {others or 'nobody else is here'}")


def _now_ms() -> float:
    return time.monotonic() * 1000
