"""The HTTP side: the page, the built client, model files and tables (docs/protocol.md)."""

import logging
import re
from collections.abc import Awaitable, Callable, Iterable
from functools import cache
from pathlib import Path

from aiohttp import web

from codec.errors import ModelFileError
from codec.model_files import landmarker_path, speech_folder, tables_folder, weights_folder
from server.demonstration import RECORDING
from server.protocol.messages import ROOM_PATTERN
from server.settings import Settings
from server.tls import SELF_SIGNED

logger = logging.getLogger(__name__)

#: Headers of every answer. COOP and COEP make the page cross-origin isolated, which WASM threads need; the
#: policy lets the page load from this server only, compile WASM, and start workers from blobs.
SECURITY_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'self'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "worker-src 'self' blob:",
            "img-src 'self' blob: data:",
            "media-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    ),
    "Permissions-Policy": (
        "camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=(), usb=()"
    ),
    "Referrer-Policy": "no-referrer",
    # Which versions run here helps only an attacker.
    "Server": "facewire",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}

_CONTENT_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".onnx": "application/octet-stream",
    ".task": "application/octet-stream",
    ".msgpack": "application/vnd.msgpack",
    ".fwr": "application/octet-stream",
    ".webmanifest": "application/manifest+json",
}
#: The name of a built file carries its content's hash; the runtimes beside it keep their names from version to version.
_HASHED_NAME = re.compile(r"-[\w-]{8}\.\w+$")
_NOT_BUILT = "The browser client is not built. Run `make setup` (or `npm ci && npm run build` in client_web/).\n"


class Pages:
    """Handlers of everything that is not signalling."""

    def __init__(self, settings: Settings) -> None:
        self._client = settings.client_folder
        self._landmarker: Callable[[], Path] = cache(landmarker_path)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes; the last one catches the client's other files."""
        return [
            web.get("/", self._page),
            web.get("/demo", self._page),
            web.get("/play", self._page),
            web.get("/prepare", self._page),
            web.get("/room/{room}", self._room),
            web.get("/demonstration.fwr", self._demonstration),
            web.get("/models/face_landmarker.task", self._landmark_model),
            web.get("/models/animator/{file}", self._animator),
            web.get("/models/speech/{file}", self._speech),
            web.get("/tables/{file}", self._table),
            web.get("/{path:.+}", self._client_file),
        ]

    async def _page(self, request: web.Request) -> web.StreamResponse:
        page = self._client / "index.html"
        if not page.is_file():
            return web.Response(status=503, text=_NOT_BUILT)
        return _file(page, "no-cache")

    async def _room(self, request: web.Request) -> web.StreamResponse:
        if not ROOM_PATTERN.fullmatch(request.match_info["room"]):
            return web.Response(
                status=404,
                text="That is not a room: its name has 1–64 of A–Z a–z 0–9 _ and -, as in /room/tea-time\n",
            )
        return await self._page(request)

    async def _client_file(self, request: web.Request) -> web.StreamResponse:
        folder = self._client.resolve()
        try:
            path = (folder / request.match_info["path"]).resolve()
            found = path.is_relative_to(folder) and path.is_file()
        except (OSError, ValueError):
            found = False
        if not found:
            return web.Response(status=404, text="There is nothing here.\n")
        hashed = path.parent == folder / "assets" and _HASHED_NAME.search(path.name)
        return _file(path, "public, max-age=31536000, immutable" if hashed else "no-cache")

    async def _landmark_model(self, request: web.Request) -> web.StreamResponse:
        return _model_file(self._landmarker)

    async def _animator(self, request: web.Request) -> web.StreamResponse:
        return _named(request.match_info["file"], ("keyframe.onnx", "animate.onnx"), weights_folder)

    async def _speech(self, request: web.Request) -> web.StreamResponse:
        return _named(request.match_info["file"], ("speech.onnx", "fusion.msgpack"), speech_folder)

    async def _demonstration(self, request: web.Request) -> web.StreamResponse:
        return _model_file(lambda: RECORDING)

    async def _table(self, request: web.Request) -> web.StreamResponse:
        return _named(request.match_info["file"], ("motion.msgpack", "entropy.msgpack"), tables_folder)


def security_headers(
    settings: Settings, other_nodes: Callable[[], Iterable[str]]
) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Return the handler for `on_response_prepare` that gives every answer `SECURITY_HEADERS`.

    Pages may also call other nodes, whose origins are asked for each time.

    With TLS of the server's own, browsers are also told to come over TLS only (RFC 6797), unless the certificate is
    self-signed: then that would lock people out.
    """
    headers = dict(SECURITY_HEADERS)
    if settings.tls and settings.tls != SELF_SIGNED:
        headers["Strict-Transport-Security"] = "max-age=31536000"

    async def add(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(headers)
        others = " ".join(f"{origin} ws{origin.removeprefix('http')}" for origin in other_nodes())
        if others:
            response.headers["Content-Security-Policy"] += f"; connect-src 'self' {others}"

    return add


def _named(name: str, allowed: tuple[str, ...], folder: Callable[[], Path]) -> web.StreamResponse:
    if name not in allowed:
        return web.Response(status=404, text=f"There are {' and '.join(allowed)} here.\n")
    return _model_file(lambda: folder() / name)


def _model_file(locate: Callable[[], Path]) -> web.StreamResponse:
    try:
        path = locate()
        if not path.is_file():
            raise ModelFileError(f"no file {path.name}: run `make setup`")
    except ModelFileError as error:
        logger.warning("%s", error)
        return web.Response(status=503, text="This file is not installed on the server; its log says what to do.\n")
    return _file(path, "no-cache")


def _file(path: Path, cache_control: str) -> web.FileResponse:
    response = web.FileResponse(path, headers={"Cache-Control": cache_control})
    if path.suffix in _CONTENT_TYPES:
        response.content_type = _CONTENT_TYPES[path.suffix]
    return response
