"""`facewire serve --check` asks TURN servers for an allocation: a real coturn answers, or does not."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from server.commands.findings import Finding, Verdict
from server.commands.turn_check import check_turn


@asynccontextmanager
async def coturn(folder: Path) -> AsyncIterator[int]:
    """Run coturn on a free port; tests/system_packages.sh installs it."""
    program = shutil.which("turnserver")
    assert program is not None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["-n", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", f"--listening-port={port}", "--no-cli"]
    options += ["--lt-cred-mech", "--user=facewire:right", "--realm=facewire", f"--pidfile={folder / 'pid'}"]
    options += ["--log-file=stdout", f"--userdb={folder / 'users'}", "--allow-loopback-peers", "--no-tls", "--no-dtls"]
    process = await asyncio.create_subprocess_exec(program, *options, stdout=asyncio.subprocess.DEVNULL)
    try:
        yield port
    finally:
        process.terminate()
        await process.wait()


async def findings(*servers: dict[str, str]) -> list[Finding]:
    return await asyncio.to_thread(lambda: list(check_turn(servers)))


async def test_a_turn_server_is_asked_to_relay(tmp_path: Path) -> None:
    async with coturn(tmp_path) as port:
        right = {"username": "facewire", "credential": "right"}
        for transport in ("udp", "tcp"):
            url = f"turn:127.0.0.1:{port}?transport={transport}"
            async with asyncio.timeout(30):
                while (found := (await findings({"urls": url, **right}))[0]).verdict is not Verdict.GOOD:
                    assert "refuses" not in found.detail
            assert f"{url} relays, by 127.0.0.1:" in found.detail
            wrong = (await findings({"urls": url, "username": "facewire", "credential": "wrong"}))[0]
            assert (wrong.verdict, wrong.remedy) == (Verdict.BAD, "set the username and credential that it knows")
            assert "refuses to relay: 401" in wrong.detail


async def test_a_turn_server_that_is_not_there_is_found_out() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        found = await findings(
            {"urls": f"turn:127.0.0.1:{port}"},
            {"urls": f"turn:127.0.0.1:{port}?transport=tcp"},
            {"urls": "turn:"},
            {"urls": "stun:127.0.0.1:1"},
        )
    assert [finding.verdict for finding in found] == [Verdict.BAD] * 3
    assert "does not answer" in found[0].detail
    assert found[2].remedy.startswith("say it like")
