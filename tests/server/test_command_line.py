"""`facewire serve` as it is run, its TLS, and its settings."""

import asyncio
import os
import re
import signal
import socket
import ssl
import stat
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from server.cli import main
from server.commands import companion_process, demonstration_process
from server.commands.companion_process import keep_running
from server.commands.demonstration_process import join_command, room_path
from server.commands.serve import _print_links
from server.encryption.link_secret import LinkSecret
from server.errors import ServerError, SettingsError, TlsError
from server.settings import Settings, VoiceSettings, is_loopback
from server.tls import tls_context
from tests.server.running_server import until

FACEWIRE = [sys.executable, "-m", "server.cli"]


@asynccontextmanager
async def facewire(*arguments: str, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:

    process = await asyncio.create_subprocess_exec(
        *FACEWIRE,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"FACEWIRE_STATE_FILE": ""} | environment,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def printed_link(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
    found = re.search(r"https?://\S+", line)
    assert found, line
    return found[0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_serve_prints_its_link_and_stops_when_told(number: signal.Signals) -> None:
    async with facewire("serve", "--port", "0", "--host", "127.0.0.1") as process:
        link = await printed_link(process)
        async with aiohttp.ClientSession() as http, http.get(link.rstrip("/") + "/healthz") as response:
            assert (await response.json())["status"] == "ok"
        began = time.monotonic()
        process.send_signal(number)
        assert await asyncio.wait_for(process.wait(), 10) == 0
        assert time.monotonic() - began < 2
        _, errors = await process.communicate()
        assert b"Traceback" not in errors


async def test_a_port_in_use_is_one_line_and_status_2() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with facewire("serve", "--host", "127.0.0.1", "--port", str(port)) as process:
            _, errors = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 2
    assert errors.decode() == (
        f"facewire serve: cannot listen on 127.0.0.1 port {port}: it is in use; choose another with --port\n"
    )


async def test_serve_over_tls(tmp_path: Path) -> None:
    async with facewire(
        "serve", "--port", "0", "--host", "127.0.0.1", "--tls", "self-signed", XDG_CACHE_HOME=str(tmp_path)
    ) as process:
        link = await printed_link(process)
        assert link.startswith("https://localhost:")
        trust = ssl.create_default_context(cafile=str(tmp_path / "facewire" / "certificate.pem"))
        async with aiohttp.ClientSession() as http, http.get(link + "healthz", ssl=trust) as response:
            assert response.status == 200


def test_a_self_signed_certificate_is_kept_private_and_used_again(tmp_path: Path) -> None:
    tls_context("self-signed", tmp_path)
    key = tmp_path / "key.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = key.read_bytes()
    tls_context("self-signed", tmp_path)
    assert key.read_bytes() == before
    (tmp_path / "certificate.pem").write_text("spoilt")
    tls_context("self-signed", tmp_path)
    assert key.read_bytes() != before
    tls_context(f"{tmp_path / 'certificate.pem'},{key}")


@pytest.mark.parametrize("choice", ["", "yes", "a,b,c", "cert.pem,", "missing.pem,missing.key"])
def test_bad_tls_choices(choice: str) -> None:
    with pytest.raises(TlsError):
        tls_context(choice)


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as status:
        main(["--help"])
    assert status.value.code == 0
    shown = capsys.readouterr().out
    for command in ("serve", "join", "encode", "info", "decode", "bench", "doctor"):
        assert f"  facewire {command}" in shown
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    assert "--tls self-signed" in capsys.readouterr().out


@pytest.mark.parametrize("argv", [[], ["fly"], ["serve", "--port", "many"]])
def test_wrong_arguments(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as status:
        main(argv)
    assert status.value.code == 2
    assert "usage: facewire" in capsys.readouterr().err


def test_settings_out_of_range(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port", "70000"]) == 2
    assert capsys.readouterr().err == "facewire serve: port is 70000; use 1–65535, or 0 for any free one\n"
    assert main(["serve", "--voice-kbps", "1"]) == 2
    with pytest.raises(SettingsError):
        VoiceSettings(ptime_ms=61)
    with pytest.raises(SettingsError):
        VoiceSettings(slots=8)
    with pytest.raises(SettingsError):
        Settings(participants=256)
    with pytest.raises(SettingsError):
        Settings(heartbeat_s=10, silence_s=5)


@pytest.mark.parametrize(
    ("host", "expected"),
    [("localhost", True), ("127.0.0.1", True), ("::1", True), ("0.0.0.0", False), ("192.0.2.1", False), ("x", False)],
)
def test_is_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


async def test_the_demonstration_participant_is_kept_alive_and_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(companion_process, "_FIRST_RETRY_S", 0.01)
    lives = tmp_path / "lives"
    script = f"import os, time; open({str(lives)!r}, 'a').write(f'{{os.getpid()}} '); time.sleep(60)"
    keeping = asyncio.create_task(keep_running("a companion", [sys.executable, "-c", script]))

    def seen() -> list[int]:
        return [int(pid) for pid in lives.read_text().split()] if lives.exists() else []

    await until(lambda: len(seen()) == 1, "it runs")
    os.kill(seen()[0], signal.SIGKILL)
    await until(lambda: len(seen()) == 2, "it runs again")
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    with pytest.raises(ProcessLookupError):
        os.kill(seen()[1], 0)


def test_a_missing_demonstration_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demonstration_process, "RECORDING", tmp_path / "none.fwr")
    with pytest.raises(ServerError, match="no demonstration recording"):
        join_command("http://localhost:8080", LinkSecret.generate())


def test_the_demonstration_participant_has_the_key_of_the_printed_link(capsys: pytest.CaptureFixture[str]) -> None:
    secret = LinkSecret.generate()
    command = join_command("http://127.0.0.1:8080", secret)
    _print_links("localhost", 8080, False, room_path(secret))
    (link,) = [word for word in capsys.readouterr().out.split() if word.startswith("http://")]
    assert link == f"http://localhost:8080/room/demo#key={secret}"
    assert link.removeprefix("http://localhost:8080") in command[command.index("join") + 1]
