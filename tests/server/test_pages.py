"""What the server hands out over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from codec.model_files import speech_folder
from server.pages import SECURITY_HEADERS
from server.settings import Settings
from tests.server.running_server import Guest, RunningServer


@pytest.fixture
def client_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>facewire</title>")
    (folder / "assets" / "main-1a2b3c4d.js").write_text("export {};")
    (folder / "ort.wasm").write_bytes(b"\0asm")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    return folder


@pytest.fixture
async def server(client_folder: Path) -> AsyncIterator[RunningServer]:
    async with RunningServer(Settings(port=0, client_folder=client_folder)) as running:
        yield running


async def get(server: RunningServer, path: str) -> tuple[int, aiohttp.ClientResponse, bytes]:
    url = URL(server.address + path, encoded=True)
    async with aiohttp.ClientSession() as http, http.get(url) as response:
        return response.status, response, await response.read()


@pytest.mark.parametrize("path", ["/", "/room/tea-time_2"])
async def test_the_page(server: RunningServer, path: str) -> None:
    status, response, body = await get(server, path)
    assert (status, response.content_type) == (200, "text/html")
    assert b"facewire" in body
    assert response.headers["Cache-Control"] == "no-cache"


async def test_the_built_client(server: RunningServer) -> None:
    status, response, _ = await get(server, "/assets/main-1a2b3c4d.js")
    assert (status, response.content_type) == (200, "text/javascript")
    assert "immutable" in response.headers["Cache-Control"]
    status, response, body = await get(server, "/ort.wasm")
    assert (status, response.content_type, body) == (200, "application/wasm", b"\0asm")


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/assets",
        "/assets/",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/link.txt",
        "/%00",
        "/" + "x" * 3000,
        "/room/no%20room",
        "/room/" + "x" * 65,
        "/tables/other.msgpack",
        "/tables/%2e%2e",
        "/models/animator/card.md",
        "/models/speech/card.md",
    ],
)
async def test_nothing_else(server: RunningServer, path: str) -> None:
    status, response, body = await get(server, path)
    assert status == 404
    assert b"secret" not in body
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/", "/nothing", "/healthz", "/assets/main-1a2b3c4d.js"])
async def test_every_answer_has_the_security_headers(server: RunningServer, path: str) -> None:
    _, response, _ = await get(server, path)
    assert {name: response.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS


async def test_health_counts(server: RunningServer) -> None:
    assert (await get(server, "/healthz"))[2] == b'{"status": "ok", "rooms": 0, "participants": 0}'
    async with Guest(server.room("a"), "Ann"), Guest(server.room("b"), "Bob"), Guest(server.room("b"), "Cem"):
        assert (await get(server, "/healthz"))[2] == b'{"status": "ok", "rooms": 2, "participants": 3}'


async def test_the_model_files_of_the_codec(
    server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("keyframe.onnx", "animate.onnx"):
        (tmp_path / name).write_bytes(name.encode())
    monkeypatch.setenv("FACEWIRE_WEIGHTS", str(tmp_path))
    assert (await get(server, "/models/animator/animate.onnx"))[2] == b"animate.onnx"
    status, response, body = await get(server, "/tables/motion.msgpack")
    assert (status, response.content_type) == (200, "application/vnd.msgpack")
    assert len(body) > 1000
    assert (await get(server, "/models/speech/fusion.msgpack"))[2] == (speech_folder() / "fusion.msgpack").read_bytes()


async def test_a_missing_model_file_is_said_to_be_missing(
    server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("FACEWIRE_WEIGHTS", str(tmp_path / "nowhere"))
    monkeypatch.setenv("FACEWIRE_LANDMARKER", str(tmp_path / "nothing.task"))
    for path in ("/models/animator/animate.onnx", "/models/face_landmarker.task"):
        status, _, body = await get(server, path)
        assert status == 503
        assert str(tmp_path).encode() not in body
    assert "set FACEWIRE_WEIGHTS" in caplog.text
    assert "set FACEWIRE_LANDMARKER" in caplog.text


async def test_a_client_that_is_not_built(tmp_path: Path) -> None:
    async with RunningServer(Settings(port=0, client_folder=tmp_path)) as server:
        status, _, body = await get(server, "/room/tea")
    assert status == 503
    assert b"make setup" in body
