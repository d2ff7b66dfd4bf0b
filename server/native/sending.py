"""Sends one's own side of a call: bundles, keyframes and voice to all, state and keyframes to who needs them."""

from collections.abc import Callable

from codec.keyframes import slice_keyframe
from server.client.call import Call
from server.native.outlet import KeyframeStore, NoKeyframes
from server.native.transports import BundleSender, DataChannelTransport, ThinTransport
from server.webrtc.channels import EVERYBODY

_ANSWER_INTERVAL_MS = 1000.0
#: From these shares of lost packets on, per cent, all is sent twice, or three times.
_SOME_LOSS, _HEAVY_LOSS = 4, 15
#: So long a report of losses counts.
_LOSS_MEMORY_MS = 12_000.0


class Sending:
    """The outlet of a source, and the answers to what the others ask. Call it in the event loop."""

    def __init__(self, call: Call, now_ms: Callable[[], float], *, thin: bool = True) -> None:
        """Send through `call`; without `thin`, bundles go by data channel only."""
        self.store: KeyframeStore = NoKeyframes()
        self.is_muted = False
        self.has_camera = False
        self.is_recording = False
        #: Whether the voice may move the face without motion: `always` or `never`; None: while the camera is on.
        self.sound_drive: str | None = None
        self.bundles = BundleSender(DataChannelTransport(call), ThinTransport(call) if thin else None)
        self._call = call
        self._now_ms = now_ms
        self._answered_ms: dict[int, float] = {}
        self._lost: dict[int, tuple[float, int]] = {}

    def send_bundle(self, bundle: bytes) -> None:
        """Send a bundle to everybody."""
        self._call.set_redundancy(self._redundancy())
        self.bundles.send(bundle, self._call.participants.keys() - self._call.encryption.strangers)

    def send_keyframe(self, keyframe: bytes) -> None:
        """Send a keyframe to everybody."""
        self._send_keyframe(EVERYBODY, keyframe)

    def send_voice(self, packet: bytes, samples: int) -> None:
        """Send an Opus packet; an empty one lets that time pass in silence."""
        self._call.send_voice(packet, samples)

    def introduce(self, recipient: int = EVERYBODY) -> None:
        """Send one's state and the keyframes in use: to everybody on joining, to each newcomer later."""
        self.tell_state(recipient)
        for keyframe in self.store.keyframes_in_use():
            self._send_keyframe(recipient, keyframe)

    def resume(self, recipient: int, newest: int | None, *, answer: bool) -> None:
        """Tell somebody from before a new connection which keyframes of theirs are here, up to `newest`.

        With `answer` they are to say the same.
        """
        self._call.send_control(recipient, {"type": "resume", "newest": newest, "answer": answer})

    def send_after(self, recipient: int, newest: int | None) -> None:
        """Send the keyframes after `newest`, which somebody has still; those in use if it is gone, or None."""
        keyframes = self.store.keyframes_since(newest) if newest is not None else []
        numbers = [keyframe[1] for keyframe in keyframes]
        missing = keyframes[numbers.index(newest) + 1 :] if newest in numbers else self.store.keyframes_in_use()
        for keyframe in missing:
            self._send_keyframe(recipient, keyframe)

    def tell_state(self, recipient: int = EVERYBODY) -> None:
        """Send one's state."""
        state: dict[str, object] = {
            "type": "state",
            "muted": self.is_muted,
            "camera": "on" if self.has_camera else "off",
        }
        if self.is_recording:
            state["recording"] = True
        if self.sound_drive is not None:
            state["sound-drive"] = self.sound_drive
        self._call.send_control(recipient, state)

    def tell_reading(self, speaker: int, *, read: bool) -> None:
        """Tell a speaker whether bundles behind its voice reach this end."""
        if self.bundles.reads_trailers:
            self._call.send_control(speaker, {"type": "trailers", "read": read})

    def note_loss(self, receiver: int, percent: int) -> None:
        """Take note of the share of packets that a receiver loses."""
        self._lost[receiver] = self._now_ms(), percent

    def confirm(self, sender: int, number: int) -> None:
        """Tell a sender that its keyframe is here."""
        self._call.send_control(sender, {"type": "keyframe-received", "number": number})

    def _redundancy(self) -> int:
        now_ms = self._now_ms()
        worst = max((lost for when, lost in self._lost.values() if now_ms - when < _LOSS_MEMORY_MS), default=0)
        return (worst >= _SOME_LOSS) + (worst >= _HEAVY_LOSS)

    def request(self, sender: int, number: int) -> None:
        """Ask a sender for a keyframe."""
        self._call.send_control(sender, {"type": "keyframe-request", "number": number})

    def answer(self, recipient: int, number: int) -> None:
        """Send somebody the chain of the keyframe they miss, at most once a second."""
        now_ms, keyframes = self._now_ms(), self.store.keyframes_since(number)
        if now_ms - self._answered_ms.get(recipient, -_ANSWER_INTERVAL_MS) < _ANSWER_INTERVAL_MS:
            return
        self._answered_ms[recipient] = now_ms
        for keyframe in keyframes:
            self._send_keyframe(recipient, keyframe)

    def _send_keyframe(self, recipient: int, keyframe: bytes) -> None:
        for part in slice_keyframe(keyframe):
            self._call.send_keyframe_slice(recipient, part)
