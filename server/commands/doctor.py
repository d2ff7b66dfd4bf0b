"""`facewire doctor`: check what this machine has, and say what to do about the rest."""

import argparse
import errno
import importlib
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from codec.errors import ModelFileError
from codec.model_files import landmarker_path, weights_folder
from server.commands.findings import Finding, Verdict, print_findings
from server.settings import Settings

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_OLDEST_PYTHON = (3, 11)
_MODELS_NEEDED = "to track faces and draw pictures from a terminal: pip install 'facewire[face]', or `make setup`"
_NATIVE_NEEDED = "to use a camera or microphone from a terminal: pip install 'facewire[native]' (needs portaudio)"


def add_parser(subparsers: "Subparsers") -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "doctor",
        help="check what this machine has, and say what to do about the rest",
        description="Check camera, microphone, model files, inference, codecs and ports.",
        epilog="The exit status is 1 if something is wrong (!!); what is merely not here (--) does not count.",
    )
    parser.add_argument("--port", type=int, default=Settings().port, help="the port to serve on (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Print every finding; returns 1 if something is wrong."""
    checks: list[Callable[[], Finding | Iterator[Finding]]] = [
        _python,
        lambda: check_client(Settings().client_folder),
        lambda: check_port("127.0.0.1", arguments.port),
        _codecs,
        _landmarker,
        _animator,
        _camera,
        _microphone,
        _turn,
    ]

    def findings() -> Iterator[Finding]:
        for check in checks:
            result = check()
            yield from [result] if isinstance(result, Finding) else result

    return print_findings(findings())


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < _OLDEST_PYTHON:
        return Finding(Verdict.BAD, "Python", version, "facewire needs Python 3.11 or newer")
    return Finding(Verdict.GOOD, "Python", version)


def check_client(folder: Path) -> Finding:
    """Tell whether the browser client is built."""
    if not (folder / "index.html").is_file():
        return Finding(Verdict.BAD, "browser client", f"not built: no index.html in {folder}", "run `make setup`")
    return Finding(Verdict.GOOD, "browser client", str(folder))


def check_port(host: str, port: int) -> Finding:
    """Tell whether a server may listen on a port."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            detail = f"port {port}: {error.strerror}"
            if error.errno == errno.EADDRINUSE:
                return Finding(Verdict.MISSING, "port", detail, "another server? or: facewire serve --port 8081")
            return Finding(Verdict.BAD, "port", detail, "choose a port above 1023: facewire serve --port 8080")
    return Finding(Verdict.GOOD, "port", f"{port} is free")


def _codecs() -> Iterator[Finding]:
    import av

    for name, mode, purpose in (
        ("libsvtav1", "w", "encodes keyframes"),
        ("libdav1d", "r", "decodes keyframes"),
        ("libopus", "w", "encodes the voice"),
        ("libopus", "r", "decodes the voice"),
    ):
        try:
            av.codec.Codec(name, "w" if mode == "w" else "r")
        except av.codec.codec.UnknownCodecError:
            yield Finding(Verdict.BAD, name, f"PyAV lacks it ({purpose})", "install PyAV's own wheel: pip install av")
        else:
            yield Finding(Verdict.GOOD, name, purpose)


def check_landmarker() -> Finding:
    """Tell whether the landmark model is here and is the one that is meant."""
    try:
        path = landmarker_path()
    except ModelFileError as error:
        return Finding(Verdict.BAD, "landmark model", str(error))
    return Finding(Verdict.GOOD, "landmark model", f"{path}, digest as expected")


def _landmarker() -> Iterator[Finding]:
    finding = check_landmarker()
    yield finding
    if finding.verdict is Verdict.BAD:
        return
    try:
        importlib.import_module("mediapipe")
    except ImportError as error:
        yield Finding(Verdict.MISSING, "MediaPipe", str(error), _MODELS_NEEDED)
    else:
        yield Finding(Verdict.GOOD, "MediaPipe", "tracks faces")


def _animator() -> Iterator[Finding]:
    try:
        folder = weights_folder()
    except ModelFileError as error:
        yield Finding(Verdict.BAD, "animator", str(error))
        return
    try:
        runtime = importlib.import_module("onnxruntime")
    except ImportError as error:
        yield Finding(Verdict.MISSING, "onnxruntime", str(error), _MODELS_NEEDED)
        return
    providers = [name.removesuffix("ExecutionProvider") for name in runtime.get_available_providers()]
    remedy = "" if "CUDA" in providers else "no GPU is used; with an NVIDIA one: pip install 'facewire[gpu]'"
    yield Finding(Verdict.GOOD, "onnxruntime", f"{runtime.__version__}: {', '.join(providers)}", remedy)
    from codec.animator import Animator

    try:
        animator = Animator(folder)
    except ModelFileError as error:
        yield Finding(Verdict.BAD, "animator", str(error), "set FACEWIRE_WEIGHTS to a folder of good weights")
    else:
        detail = f"{animator.name}, {animator.side}², runs on {animator.provider}"
        yield Finding(Verdict.GOOD, "animator", detail)


def _camera() -> Finding:
    try:
        cv2 = importlib.import_module("cv2")
    except ImportError as error:
        return Finding(Verdict.MISSING, "camera", str(error), _NATIVE_NEEDED)
    with _silenced():
        camera = cv2.VideoCapture(0)
        taken, picture = camera.read()
        camera.release()
    if not taken:
        remedy = "plug one in, close the program that uses it, or join with --video FILE"
        return Finding(Verdict.MISSING, "camera", "camera 0 gives no picture", remedy)
    return Finding(Verdict.GOOD, "camera", f"camera 0: {picture.shape[1]} × {picture.shape[0]}")


def _microphone() -> Finding:
    try:
        pyaudio = importlib.import_module("pyaudio")
    except ImportError as error:
        return Finding(Verdict.MISSING, "microphone", str(error), _NATIVE_NEEDED)
    with _silenced():
        audio = pyaudio.PyAudio()
    try:
        name = audio.get_default_input_device_info()["name"]
    except OSError as error:
        return Finding(Verdict.MISSING, "microphone", str(error), "plug one in, or join with --audio FILE or none")
    finally:
        audio.terminate()
    return Finding(Verdict.GOOD, "microphone", str(name))


def _turn() -> Finding:
    path = shutil.which("turnserver")
    if path is None:
        remedy = "for people whose network lets no UDP through: apt-get install coturn, then see docs/operations.md"
        return Finding(Verdict.MISSING, "TURN server", "coturn is not here", remedy)
    return Finding(Verdict.GOOD, "TURN server", f"coturn: {path}")


@contextmanager
def _silenced() -> Iterator[None]:
    """Keep what OpenCV and ALSA write to stderr by themselves out of the report."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
