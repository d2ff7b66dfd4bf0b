"""What operators see and do: health, readiness, figures, logs, the admin API, draining, invitations."""

import asyncio
import json
import logging
import re
import signal
from collections.abc import Iterator

import aiohttp
import pytest
from aiohttp.test_utils import make_mocked_request

from server.addresses import Addresses
from server.cli import main
from server.client.events import BundleReceived, CallEnded, Reconnecting
from server.client.room_link import RoomLink
from server.operations.logs import configure_logging
from server.protocol.messages import Error, Join, pack, parse_server_message
from server.rooms.tokens import Tokens
from server.settings import AccessSettings, LimitSettings, LogSettings, Secret, Settings
from tests.server.running_server import Guest, RunningServer, hears
from tests.server.scraping import figures
from tests.server.strangers import Stranger
from tests.server.test_command_line import facewire, printed_link

ADMIN = "0f3c9a5d7e1b42868d90aa54f2c7163be8d5"
KEY = "3d1f0c7ab2e94856ac5d20f7719be5c4f08a6d33"


def administered(**limits: int) -> Settings:
    return Settings(port=0, access=AccessSettings(admin_token=Secret(ADMIN)), limits=LimitSettings(**limits))


async def ask(server: RunningServer, path: str, method: str = "GET", token: str | None = ADMIN) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    async with aiohttp.ClientSession(headers=headers) as http, http.request(method, server.address + path) as response:
        return response.status, await response.text()


async def test_the_figures_of_a_call() -> None:
    async with RunningServer() as server, Guest(server.room(), "Ann") as ann, Guest(server.room(), "Bob") as bob:
        ann.call.send_bundle(b"x" * 100)
        await bob.saw(BundleReceived)
        ann.call.send_control(bob.id, {"type": "keyframe-request", "number": 3})
        ann.call.send_bundle(b"later")
        await bob.saw(BundleReceived, count=2)
        await asyncio.sleep(0.6)
        samples = await figures(server)
        assert samples["facewire_rooms"] == 1
        assert samples["facewire_participants"] == samples["facewire_sockets"] == 2
        assert samples["facewire_join_seconds_count"] == 2
        assert samples["facewire_join_seconds_sum"] < 10
        assert samples["facewire_relay_bytes_total{direction=in,purpose=motion}"] == 105
        assert samples["facewire_relay_bytes_total{direction=out,purpose=motion}"] == 107
        assert samples["facewire_relay_messages_total{direction=out,purpose=motion}"] == 2
        assert samples["facewire_relay_messages_total{direction=in,purpose=signalling}"] >= 4
        assert samples["facewire_keyframe_requests_total"] == 1
        assert samples["facewire_event_loop_lag_seconds_count"] >= 1
        assert samples["process_resident_memory_bytes"] > 1e6
        assert samples["facewire_draining"] == 0


async def test_figures_are_for_this_machine_or_for_who_has_the_token() -> None:
    async with RunningServer() as server:
        assert (await ask(server, "/metrics", token=None))[0] == 200
        async with (
            aiohttp.ClientSession(headers={"X-Forwarded-For": "192.0.2.7"}) as http,
            http.get(f"{server.address}/metrics") as response,
        ):
            assert response.status == 401, "through a proxy nobody is of this machine"
    async with RunningServer(administered()) as server:
        assert (await ask(server, "/metrics", token=None))[0] == 401
        assert (await ask(server, "/metrics"))[0] == 200


async def test_the_admin_api_lists_and_ends_rooms() -> None:
    async with (
        RunningServer(administered()) as server,
        Guest(server.room("tea"), "Ann") as ann,
        Guest(server.room("tea"), "Bob", "file"),
    ):
        status, text = await ask(server, "/admin/rooms")
        assert status == 200
        (room,) = json.loads(text)["rooms"]
        assert {name: room[name] for name in ("name", "locked", "lobby", "waiting")} == {
            "name": "tea",
            "locked": False,
            "lobby": False,
            "waiting": 0,
        }
        assert room["participants"] == [
            {"id": 1, "name": "Ann", "source": "camera", "host": True, "node": "alone"},
            {"id": 2, "name": "Bob", "source": "file", "host": False, "node": "alone"},
        ]
        assert (await ask(server, "/admin/rooms/other", "DELETE"))[0] == 404
        assert (await ask(server, "/admin/rooms/tea", "DELETE"))[0] == 204
        ended = (await ann.saw(CallEnded))[0].error
        assert ended is not None
        assert ended.code == "room-ended"
        status, text = await ask(server, "/admin/openapi.json")
        described = json.loads(text)
        assert set(described["paths"]) == {"/admin/rooms", "/admin/rooms/{room}", "/metrics"}
        assert set(room) == set(described["components"]["schemas"]["Room"]["required"])


async def test_wrong_admin_tokens_are_slowed_down() -> None:
    async with RunningServer(administered(bad_tokens_per_minute=3)) as server:
        statuses = [(await ask(server, "/admin/rooms", token=wrong))[0] for wrong in (None, "", "x" * 32, "é")]
        assert statuses == [401, 401, 401, 429]
        assert (await ask(server, "/admin/rooms"))[0] == 429
    async with RunningServer() as server:
        assert (await ask(server, "/admin/rooms"))[0] == 401, "without a token set there is no admin"


async def test_draining_refuses_newcomers_and_lets_calls_go_on() -> None:
    async with RunningServer() as server, Guest(server.room(), "Ann") as ann, Guest(server.room(), "Bob") as bob:
        draining = asyncio.create_task(server.signalling.drain())
        await asyncio.sleep(0)
        assert await ask(server, "/readyz") == (503, '{"status": "draining"}')
        assert (await ask(server, "/healthz"))[0] == 200
        async with Stranger(server) as eve:
            assert await eve.error() == "going-away"
        await hears(bob, ann, b"still talking")
        assert not draining.done()
        draining.cancel()


async def test_sigterm_drains_until_the_deadline() -> None:
    async with facewire("serve", "--port", "0", "--host", "127.0.0.1", "--set", "drain_s=1.5") as process:
        link = (await printed_link(process)).rstrip("/")
        async with Guest(f"{link}/room/tea", "Ann") as ann, aiohttp.ClientSession() as http:
            async with http.get(f"{link}/readyz") as response:
                assert response.status == 200
            process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.3)
            async with http.get(f"{link}/readyz") as response:
                assert response.status == 503
            async with http.ws_connect(f"{link}/room/tea/signal") as socket:
                await socket.send_bytes(pack(Join("Eve", "none")))
                refusal = parse_server_message(await socket.receive_bytes(timeout=5))
                assert isinstance(refusal, Error)
                assert refusal.code == "going-away"
            assert not [event for event in ann.seen if isinstance(event, Reconnecting)]
            lost = await ann.saw(Reconnecting)
            assert "stopping" in lost[0].reason
            assert await asyncio.wait_for(process.wait(), 10) == 0
        _, errors = await process.communicate()
        lines = [json.loads(line) for line in errors.decode().splitlines()]
        assert [line["event"] for line in lines] == [
            "joined",
            "draining",
            "session ended",
            "lost",
            "session ended",
        ] or {line["event"] for line in lines} >= {"joined", "draining", "session ended"}
        joined = next(line for line in lines if line["event"] == "joined")
        assert (joined["room"], joined["person"], joined["level"], joined["logger"]) == (
            "tea",
            "Ann",
            "info",
            "server.rooms.open_room",
        )


@pytest.fixture
def own_logging() -> Iterator[None]:
    """Put the root logger back as it was."""
    root = logging.getLogger()
    handlers, level, server_level = root.handlers[:], root.level, logging.getLogger("server").level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("server").setLevel(server_level)


@pytest.mark.usefixtures("own_logging")
def test_logs_are_json_for_machines_and_lines_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(format="json"))
    logging.getLogger("server.x").info("joined", extra={"room": "tea", "key": Secret(KEY)})
    try:
        raise ValueError("boom")
    except ValueError:
        logging.getLogger("server.x").exception("it broke")
    logging.getLogger("server.x").debug("not wanted")
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (first["event"], first["room"], first["level"]) == ("joined", "tea", "info")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", first["timestamp"])
    assert KEY not in json.dumps(first)
    assert "ValueError: boom" in second["exception"]
    configure_logging(LogSettings(format="text", level="debug"))
    logging.getLogger("server.x").debug("joined", extra={"room": "tea"})
    line = capsys.readouterr().err
    assert re.match(r"\d\d:\d\d:\d\d .*joined +room=tea\n", line), line


def test_an_invitation_is_a_link(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEWIRE_ACCESS_TOKEN_KEY", KEY)
    assert main(["invite", "https://calls.example/room/tea", "--host", "--name", "Ann", "--once", "--hours", "2"]) == 0
    link = capsys.readouterr().out.strip()
    assert link.startswith("https://calls.example/room/tea#token=")
    made = RoomLink.parse(link)
    token = made.token
    assert token is not None
    assert made.secret is not None
    assert main(["invite", f"https://calls.example/room/tea#key={made.secret}"]) == 0
    assert str(RoomLink.parse(capsys.readouterr().out.strip()).secret) == str(made.secret), "guests have the same key"
    invitation = Tokens(KEY).read_invitation(token, "tea")
    assert (invitation.name, invitation.is_host, invitation.once is not None) == ("Ann", True, True)
    assert main(["invite", "https://calls.example/"]) == 2
    assert "is not a room" in capsys.readouterr().err
    monkeypatch.delenv("FACEWIRE_ACCESS_TOKEN_KEY")
    assert main(["invite", "https://calls.example/room/tea"]) == 2
    assert "FACEWIRE_ACCESS_TOKEN_KEY" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("remote", "forwarded", "proxies", "expected"),
    [
        ("192.0.2.1", None, (), "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7", (), "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7", ("192.0.2.0/24",), "198.51.100.7"),
        ("192.0.2.1", "203.0.113.9, 198.51.100.7, 192.0.2.2", ("192.0.2.0/24",), "198.51.100.7"),
        ("192.0.2.1", "spoofed, 198.51.100.7", ("192.0.2.1",), "198.51.100.7"),
        ("192.0.2.1", "nonsense", ("192.0.2.1",), "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", None, (), "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", None, (), "192.0.2.1"),
    ],
)
def test_addresses_behind_proxies(remote: str, forwarded: str | None, proxies: tuple[str, ...], expected: str) -> None:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = make_mocked_request("GET", "/", headers=headers).clone(remote=remote)
    assert Addresses(proxies).client(request) == expected
