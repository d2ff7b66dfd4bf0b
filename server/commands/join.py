"""`facewire join`: take part in a call from this terminal."""

import argparse
import asyncio
import json
import signal
from collections.abc import Awaitable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from codec.animator import Animator
from codec.speech.model import SpeechModel
from server.client.call import Call
from server.errors import ServerError
from server.native.capture import Camera, PictureSource, VideoFile, has_sound
from server.native.errors import DeviceError
from server.native.live import LiveSource
from server.native.loudspeaker import Loudspeaker
from server.native.peer import NativePeer, Receivers
from server.native.recorder import CallRecorder
from server.native.replay import Replay
from server.native.sound import Microphone, SoundFile, SoundSource
from server.native.voice_codec import PACKET_MS, VoiceEncoding
from server.native.window import Window
from server.tls import trust

if TYPE_CHECKING:
    # The class is generic to type checkers only.
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_CAMERA = "camera:"
_WINDOW_SIDE = 256
_EXAMPLES = """\
examples:
  facewire join http://localhost:8080/room/tea                        camera and microphone, nothing shown
  facewire join http://localhost:8080/room/tea --show                 the same with a window, and sound
  facewire join http://localhost:8080/room/tea --video talk.mp4       a file as camera and microphone
  facewire join http://localhost:8080/room/tea --replay call.fwr      somebody recorded: no camera, no face model
  facewire join http://localhost:8080/room/tea --video none --audio none --record call.fwr

Ends with --seconds, Ctrl+C, q in the window, or, with --no-loop, with its files.
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "join",
        help="take part in a call from this terminal",
        description="Take part in a call from this terminal, with this machine's camera and microphone or with files.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("url", metavar="URL", help="the room's link, http(s)://HOST[:PORT]/room/NAME")
    parser.add_argument("--name", help="how the others see you (default: terminal, or the recorded name)")
    source = parser.add_argument_group("what you send")
    source.add_argument(
        "--video", metavar="camera:N|FILE|none", default="camera:0", help="pictures (default: %(default)s)"
    )
    source.add_argument(
        "--audio", metavar="mic|FILE|none", help="sound (default: mic; with --video FILE that file's, if it has any)"
    )
    source.add_argument("--replay", metavar="FILE.fwr", type=Path, help="send a recorded participant instead")
    source.add_argument(
        "--replay-participant", metavar="ID", type=int, help="which one (default: the first one in the file)"
    )
    source.add_argument(
        "--loop", action=argparse.BooleanOptionalAction, default=True, help="repeat files (default: yes)"
    )
    source.add_argument(
        "--sound-drive", choices=("always", "never"),
        help="whether your voice may move your face at the others' without motion (default: while a camera is on)",
    )  # fmt: skip
    result = parser.add_argument_group("what becomes of the others")
    result.add_argument("--show", action="store_true", help="show them in a window, and play their voices")
    result.add_argument("--listen", action="store_true", help="play their voices")
    result.add_argument("--draw", action="store_true", help="draw their pictures without showing them (measuring)")
    result.add_argument("--record", metavar="FILE.fwr", type=Path, help="record what they send")
    result.add_argument("--stats", metavar="FILE.json", type=Path, help="write figures at the end")
    parser.add_argument(
        "--transport", choices=("auto", "datachannel"), default="auto",
        help="auto: bundles ride behind the voice where everybody reads them there (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--quiet", action="store_true", help="say nothing but what goes wrong")
    parser.add_argument("--seconds", type=_positive, help="leave after so long")
    parser.add_argument(
        "--certificate", metavar="FILE.pem", type=Path, help="trust this certificate (a server with --tls self-signed)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Take part until the end; returns the exit status. Raises `ServerError` or `CodecError` if it cannot."""
    return asyncio.run(_join(arguments))


async def _join(arguments: argparse.Namespace) -> int:
    replay = Replay(arguments.replay, arguments.replay_participant) if arguments.replay else None
    pictures, sound = (None, None) if replay else (_pictures(arguments), _sound(arguments))
    is_live = isinstance(pictures, Camera) or isinstance(sound, Microphone)
    source = "camera" if is_live else "file" if replay or pictures or sound else "none"
    name = arguments.name or (replay.participant.name if replay else "terminal")
    call = Call(arguments.url, name, source, tls=trust(arguments.certificate))
    loudspeaker = _loudspeaker(arguments)
    window = Window(_WINDOW_SIDE) if arguments.show else None
    receivers = Receivers(
        Animator() if arguments.show or arguments.draw else None,
        window,
        loudspeaker.mixer if loudspeaker else None,
        CallRecorder(arguments.record) if arguments.record else None,
        SpeechModel() if arguments.show or arguments.draw else None,
    )
    peer = NativePeer(call, receivers, _silent if arguments.quiet else _say, thin=arguments.transport != "datachannel")
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, peer.stopped.set)
    live = None if replay else LiveSource(pictures, sound, peer.sending, _say)
    peer.sending.store = replay or live or peer.sending.store
    peer.sending.has_camera = replay is not None or pictures is not None
    peer.sending.is_muted = replay is None and sound is None
    peer.sending.sound_drive = arguments.sound_drive
    if replay is not None and replay.damage is not None:
        _say(f"{arguments.replay} is cut at byte {replay.damage.offset} ({replay.damage.reason})")
    try:
        await peer.connect()
        feeding: Awaitable[None] | None = None
        if replay:
            feeding = replay.run(peer.sending, repeat=arguments.loop)
        elif live:
            feeding = live.run(_encoding(call))
        await _take_part(peer, feeding, arguments)
    finally:
        await peer.close()
        if loudspeaker is not None:
            loudspeaker.close()
        if window is not None:
            window.close()
        if arguments.stats:
            _write_stats(arguments.stats, peer, live)
    return 0


async def _take_part(peer: NativePeer, feeding: Awaitable[None] | None, arguments: argparse.Namespace) -> None:
    """Run the peer, what feeds it, and the clock that may end it."""

    async def feed() -> None:
        if feeding is not None:
            await feeding
        if feeding is not None and not arguments.loop:
            peer.stopped.set()

    async def expire() -> None:
        if arguments.seconds:
            await asyncio.sleep(arguments.seconds)
            peer.stopped.set()

    tasks = [asyncio.create_task(feed()), asyncio.create_task(expire())]
    try:
        await peer.run()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _pictures(arguments: argparse.Namespace) -> PictureSource | None:
    choice: str = arguments.video
    if choice == "none":
        return None
    if choice.startswith(_CAMERA):
        number = choice.removeprefix(_CAMERA)
        if not number.isdecimal():
            raise DeviceError(f"--video {choice!r}: cameras have numbers, like camera:0")
        return Camera(int(number))
    return VideoFile(Path(choice), repeat=arguments.loop)


def _sound(arguments: argparse.Namespace) -> SoundSource | None:
    choice: str | None = arguments.audio
    if choice is None:
        is_file = arguments.video != "none" and not arguments.video.startswith(_CAMERA)
        choice = (arguments.video if has_sound(Path(arguments.video)) else "none") if is_file else "mic"
    if choice == "none":
        return None
    return Microphone() if choice == "mic" else SoundFile(Path(choice), repeat=arguments.loop)


def _encoding(call: Call) -> VoiceEncoding:
    """Return how the server wants the voice coded, as far as it says and Opus can."""
    usual = VoiceEncoding()
    packet_ms = call.voice_ptime_ms if call.voice_ptime_ms in PACKET_MS else usual.packet_ms
    return VoiceEncoding(call.voice_kbps or usual.kbps, packet_ms or usual.packet_ms)


def _loudspeaker(arguments: argparse.Namespace) -> Loudspeaker | None:
    """Open a loudspeaker if sound is wanted; a window opens without one too."""
    if not arguments.show and not arguments.listen:
        return None
    try:
        return Loudspeaker()
    except DeviceError as error:
        if arguments.listen:
            raise
        _say(f"no sound: {error}")
        return None


def _write_stats(path: Path, peer: NativePeer, live: LiveSource | None) -> None:
    report = peer.report()
    if live is not None:
        figures = live.figures
        report["own"] = {
            "frames": figures.frames,
            "faces": figures.faces,
            "tracking_fps": round(figures.fps, 2),
            "stage_ms": {stage: round(ms, 2) for stage, ms in figures.stage_ms.items()},
            "crops": [{"unix_ms": round(ms), **asdict(crop)} for ms, crop in figures.crops],
        }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(report, indent=2) + "\n")
    except OSError as error:
        raise ServerError(f"cannot write --stats {path}: {error.strerror}") from error


def _positive(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number of seconds")
    return value


def _silent(_line: str) -> None:
    """Say nothing."""


def _say(line: str) -> None:
    print(line, flush=True)
