"""What a browser fetches of the built client, in bytes as they travel."""

from pathlib import Path
from typing import Literal

from codec.model_files import landmarker_path, speech_folder, tables_folder, weights_folder

#: How faces are drawn; `webgpu-asyncify` where a browser has WebGPU but no JSPI.
Provider = Literal["wasm", "webgpu", "webgpu-asyncify"]

_COMPRESSED = ".br"
_MODELS = (".onnx", ".msgpack")
_RUNTIMES = {
    "wasm": ("ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"),
    "webgpu": ("ort-wasm-simd-threaded.jspi.mjs", "ort-wasm-simd-threaded.jspi.wasm"),
    "webgpu-asyncify": ("ort-wasm-simd-threaded.asyncify.mjs", "ort-wasm-simd-threaded.asyncify.wasm"),
}
#: Not of a call's page: the comparison, the player, what is fetched beforehand, languages but the one that is spoken.
_ELSEWHERE = ("demo_page", "player", "prepare_page", "service-worker", "french", "german", "spanish", "japanese")


def page_files(client: Path) -> dict[Path, int]:
    """Return the weight of each file of the page itself: HTML, styles, scripts and workers, no runtime and no model."""
    assets = [path for path in (client / "assets").iterdir() if path.suffix in (".js", ".css", ".svg")]
    files = [client / "index.html", *(path for path in assets if not path.name.startswith(_ELSEWHERE))]
    return {path: _weight(path) for path in files}


def first_visit(client: Path, provider: Provider) -> dict[Path, int]:
    """Return the weight of everything that a first call fetches, the page included."""
    runtimes = [client / "assets/onnxruntime" / name for name in _RUNTIMES[provider]]
    runtimes += [path for path in (client / "assets/mediapipe").iterdir() if path.suffix != _COMPRESSED]
    folders = (weights_folder(), speech_folder(), tables_folder())
    models = [landmarker_path(), *(path for folder in folders for path in folder.iterdir() if path.suffix in _MODELS)]
    return page_files(client) | {path: _weight(path) for path in (*runtimes, *models)}


def _weight(path: Path) -> int:
    compressed = path.with_name(path.name + _COMPRESSED)
    return (compressed if compressed.is_file() else path).stat().st_size
