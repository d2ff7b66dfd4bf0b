"""A live source: one's own face and voice, from devices or files."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from codec.encoder import Encoded
from server.native.capture import PictureSource
from server.native.face_sender import FaceSender, SenderFigures
from server.native.outlet import Outlet
from server.native.sound import SoundSource
from server.native.voice_codec import VoiceEncoding
from server.native.voice_sender import VoiceSender

_POLL_S = 0.1


class LiveSource:
    """Captures and encodes in threads, and hands everything out in the event loop."""

    def __init__(
        self,
        pictures: PictureSource | None,
        sound: SoundSource | None,
        outlet: Outlet,
        on_problem: Callable[[str], None],
    ) -> None:
        """Load what is needed; call it in the event loop. Raises `ModelFileError`.

        `on_problem` is told once why a part ended before it should; the other goes on.
        """
        self._on_problem = on_problem
        self._loop = asyncio.get_running_loop()
        self._outlet = outlet
        self._sound = sound
        self._voice: VoiceSender | None = None
        self._face = FaceSender(pictures, self._hand_out, self._voice_active) if pictures else None

    @property
    def figures(self) -> SenderFigures:
        """What became of the captured pictures."""
        return self._face.figures if self._face else SenderFigures()

    def keyframes_in_use(self) -> list[bytes]:
        """Return what a newcomer needs, in order."""
        return self._face.keyframes_in_use() if self._face else []

    def keyframes_since(self, number: int) -> list[bytes]:
        """Return the chain of the keyframe of this number and all after it; the newest chain if it is not known."""
        return self._face.keyframes_since(number) if self._face else []

    def set_prediction(self, allowed: bool) -> None:
        """Say whether keyframes may be predicted from others."""
        if self._face:
            self._face.set_prediction(allowed)

    async def run(self, encoding: VoiceEncoding) -> None:
        """Send, the voice coded like this, until all sources have ended. Cancelling stops them."""
        self._voice = VoiceSender(self._sound, encoding, self._hand_out_voice) if self._sound else None
        parts = [part for part in (self._face, self._voice) if part is not None]
        try:
            for part in parts:
                part.start()
            running = parts
            while running:
                await asyncio.sleep(_POLL_S)
                for part in running:
                    if part.ended and part.problem:
                        self._on_problem(part.problem)
                running = [part for part in running if not part.ended]
        finally:
            for part in parts:
                await asyncio.to_thread(part.stop)

    def _voice_active(self) -> bool:
        return self._voice is not None and self._voice.active

    def _hand_out(self, encoded: Encoded) -> None:
        # The loop may be gone by the time that a thread has finished its last picture.
        with suppress(RuntimeError):
            if encoded.keyframe is not None:
                self._loop.call_soon_threadsafe(self._outlet.send_keyframe, encoded.keyframe)
            for bundle in encoded.bundles:
                self._loop.call_soon_threadsafe(self._outlet.send_bundle, bundle)

    def _hand_out_voice(self, packet: bytes, samples: int) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._outlet.send_voice, packet, samples)
