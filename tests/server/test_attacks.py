"""An attacker at the door: all is refused with the right code and counted, and a normal call works afterwards."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import aiohttp
import jwt
import msgpack
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from yarl import URL

from server.client.events import BundleReceived
from server.protocol.messages import Join, pack
from server.rooms.tokens import Tokens
from server.settings import AccessSettings, LimitSettings, LinkSettings, Secret, Settings
from tests.server.running_server import Guest, RunningServer, hears
from tests.server.scraping import figures, refusals
from tests.server.strangers import TIMEOUT_S, Stranger

KEY = "3d1f0c7ab2e94856ac5d20f7719be5c4f08a6d3392f4b1a05ce76e18d0b3428c"
TOKENS = Tokens(KEY)
#: Good for longer than a run of all tests takes.
CLAIMS = {"aud": "facewire:join", "exp": int(time.time()) + 24 * 3600, "room": "tea", "host": True}
LIMITS = LimitSettings(
    sockets_per_minute=120,
    bad_tokens_per_minute=100,
    sockets_before_join_of_address=8,
    header_bytes=2048,
    request_s=0.5,
)
SETTINGS = Settings(
    port=0,
    heartbeat_s=0.2,
    silence_s=0.6,
    access=AccessSettings(anonymous=False, token_key=Secret(KEY)),
    limits=LIMITS,
    link=LinkSettings(connect_timeout_s=10.0),
)


def changed(**limits: int) -> Settings:
    values = {name: getattr(LIMITS, name) for name in LIMITS.__struct_fields__} | limits
    others = {name: getattr(SETTINGS, name) for name in SETTINGS.__struct_fields__ if name != "limits"}
    return Settings(**others, limits=LimitSettings(**values))


async def a_normal_call_works(server: RunningServer) -> None:
    """Two people with good invitations see each other."""
    link = f"{server.room()}#token={TOKENS.invite('tea', 60)}"
    async with Guest(link, "Ann") as ann, Guest(link, "Bob") as bob:
        await hears(bob, ann, b"as if nothing had happened")


@pytest.fixture
async def server() -> AsyncIterator[RunningServer]:
    """A server for the invited; whatever the test does, a normal call must work afterwards."""
    async with RunningServer(SETTINGS) as running:
        yield running
        await a_normal_call_works(running)


def signed(key: object = KEY, algorithm: str = "HS256", **claims: object) -> str:
    kept = {name: value for name, value in (CLAIMS | claims).items() if value is not None}
    return jwt.encode(kept, key, algorithm)  # type: ignore[arg-type]


def unsigned(algorithm: str) -> str:
    def part(content: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()

    return f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part(CLAIMS)}."


def of_an_rsa_key() -> str:
    key = rsa.generate_private_key(65537, 2048)
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return signed(key.private_bytes(*pem), "RS256")


BAD_TOKENS: dict[str, tuple[Callable[[], str], str]] = {
    "of another key": (lambda: signed("x" * 40), "bad-token"),
    "unsigned": (lambda: unsigned("none"), "bad-token"),
    "unsigned, spelt otherwise": (lambda: unsigned("NoNe"), "bad-token"),
    "without a signature": (lambda: signed().rsplit(".", 1)[0] + ".", "bad-token"),
    "with altered claims": (
        lambda: ".".join((signed().split(".")[0], unsigned("none").split(".")[1], signed().split(".")[2])),
        "bad-token",
    ),
    "of another algorithm of the family": (lambda: signed(algorithm="HS512"), "bad-token"),
    "of an RSA key": (of_an_rsa_key, "bad-token"),
    "expired": (lambda: signed(exp=int(time.time()) - 60), "token-expired"),
    "not valid yet": (lambda: signed(nbf=int(time.time()) + 600), "bad-token"),
    "for ever": (lambda: signed(exp=None), "bad-token"),
    "for another room": (lambda: signed(room="other"), "bad-token"),
    "for every room": (lambda: signed(room="*"), "bad-token"),
    "for no room": (lambda: signed(room=None), "bad-token"),
    "for another purpose": (lambda: signed(aud="facewire:pass", sub="x"), "bad-token"),
    "with a bad name": (lambda: signed(name="Eve\n2026 ERROR"), "bad-token"),
    "with a host that is text": (lambda: signed(host="yes"), "bad-token"),
    "noise": (lambda: "a.b.c", "bad-token"),
    "not ASCII": (lambda: "é" * 20, "bad-token"),
    "too long": (lambda: "a" * 3000, "bad-message"),
    "none at all": (lambda: "", "bad-message"),
}


@pytest.mark.parametrize(("make", "code"), BAD_TOKENS.values(), ids=BAD_TOKENS.keys())
async def test_bad_tokens(server: RunningServer, make: Callable[[], str], code: str) -> None:
    async with Stranger(server) as eve:
        await eve.ask(token=make())
        assert await eve.error() == code
    assert await refusals(server) == {code: 1}


async def test_no_token(server: RunningServer) -> None:
    async with Stranger(server) as eve:
        await eve.ask()
        assert await eve.error() == "token-required"
    assert await refusals(server) == {"token-required": 1}


@pytest.mark.parametrize("admission", [signed(aud="facewire:pass", sub="x"), signed("y" * 40, sub="x"), "a.b.c"])
async def test_a_forged_pass_opens_nothing(server: RunningServer, admission: str) -> None:
    async with Stranger(server) as ann, Stranger(server) as eve:
        await ann.join("Ann", token=TOKENS.invite("tea", 60))
        await eve.ask(admission=admission)
        assert await eve.error() == "token-required"
    assert await refusals(server) == {"token-required": 1}


async def test_a_pass_of_another_room_opens_nothing(server: RunningServer) -> None:
    async with Stranger(server) as ann, Stranger(server, "other") as eve:
        joined = await ann.join("Ann", token=TOKENS.invite("tea", 60))
        await eve.ask(admission=joined.admission)
        assert await eve.error() == "token-required"


async def test_a_token_for_one_join_cannot_be_replayed(server: RunningServer) -> None:
    token = TOKENS.invite("tea", 60, once=True)
    async with Stranger(server) as ann, Stranger(server) as eve:
        await ann.join("Ann", token=token)
        await eve.ask(token=token)
        assert await eve.error() == "bad-token"
    async with Stranger(server) as eve:
        await eve.ask(token=token)
        assert await eve.error() == "bad-token"
    assert await refusals(server) == {"bad-token": 2}


async def test_guessing_tokens_is_slowed_down() -> None:
    async with RunningServer(changed(bad_tokens_per_minute=5)) as server:
        codes = []
        for number in range(8):
            async with Stranger(server) as eve:
                await eve.ask(token=signed(f"{number}" * 40))
                codes.append(await eve.error())
        assert codes == ["bad-token"] * 5 + ["too-fast"] * 3
        async with Stranger(server) as eve:
            await eve.ask(token=TOKENS.invite("tea", 60))
            assert await eve.error() == "too-fast", "guessing right does not help any more"
        assert await refusals(server) == {"bad-token": 5, "too-fast": 4}


MESSAGES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "bad-message"),
    "noise": (b"\xc1\xff\x00", "bad-message"),
    "deep": (b"\x91" * 60_000, "bad-message"),
    "a length bomb": (b"\xdf\xff\xff\xff\xff", "bad-message"),
    "a map of maps": (msgpack.packb({"type": "join", "name": {"a": {"b": 1}}}), "bad-message"),
    "a token of the wrong type": (
        msgpack.packb({"type": "join", "protocol": 1, "name": "Eve", "source": "none", "token": 7}),
        "bad-message",
    ),
    "a host's message before join": (msgpack.packb({"type": "end-room"}), "bad-message"),
}


@pytest.mark.parametrize(("data", "code"), MESSAGES.values(), ids=MESSAGES.keys())
async def test_malformed_messages(server: RunningServer, data: bytes, code: str) -> None:
    async with Stranger(server) as eve:
        await eve.socket.send_bytes(data)
        assert await eve.error() == code
    assert await refusals(server) == {code: 1}


async def test_oversized_messages(server: RunningServer) -> None:
    async with Stranger(server) as eve:
        await eve.socket.send_bytes(bytes(SETTINGS.signal_bytes + 1))
        closed = await eve.socket.receive(timeout=TIMEOUT_S)
        assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, aiohttp.WSCloseCode.MESSAGE_TOO_BIG)
    assert await refusals(server) == {"bad-frame": 1}


async def open_connection(server: RunningServer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", server.port)


async def test_connections_that_dribble_are_closed(server: RunningServer) -> None:
    async def dribble(opening: bytes) -> float:
        reader, writer = await open_connection(server)
        began = time.monotonic()
        writer.write(opening)
        while time.monotonic() - began < 10:
            try:
                async with asyncio.timeout(0.1):
                    if await reader.read(1000) == b"":
                        break
            except TimeoutError:
                writer.write(b"X-Slow: 1\r\n" if opening else b"")
            except ConnectionError:
                break
        writer.close()
        return time.monotonic() - began

    times = await asyncio.gather(*(dribble(opening) for opening in [b"", b"GET / HTTP/1.1\r\n"] * 20))
    assert max(times) < LIMITS.request_s + 2


@pytest.mark.parametrize("keep_alive", ["ping", "nothing"])
async def test_sockets_that_do_not_join_are_closed(server: RunningServer, keep_alive: str) -> None:
    async with Stranger(server) as eve:
        began = time.monotonic()

        async def ping() -> None:
            while True:
                await eve.socket.ping()
                await asyncio.sleep(0.1)

        pinging = asyncio.create_task(ping()) if keep_alive == "ping" else None
        assert await eve.error() == "bad-message"
        if pinging is not None:
            pinging.cancel()
            await asyncio.gather(pinging, return_exceptions=True)
        assert time.monotonic() - began < SETTINGS.silence_s + 1
    assert await refusals(server) == {"bad-message": 1}


async def test_an_address_may_have_only_so_many_sockets_that_do_not_join(server: RunningServer) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(LIMITS.sockets_before_join_of_address):
            await stack.enter_async_context(Stranger(server))
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await stack.enter_async_context(Stranger(server))
        assert refusal.value.status == 429
        assert refusal.value.headers is not None
        assert refusal.value.headers["Retry-After"] == "60"
        assert await refusals(server) == {"too-many-sockets": 1}


async def test_the_server_bears_only_so_many_sockets() -> None:
    async with RunningServer(changed(open_sockets=2)) as server, Stranger(server), Stranger(server):
        with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
            await Stranger(server).__aenter__()
        assert await refusals(server) == {"server-full": 1}


async def test_a_flood_of_joins_from_one_address() -> None:
    async with RunningServer(changed(sockets_per_minute=10)) as server:
        outcomes: list[str] = []

        async def attack() -> None:
            try:
                async with Stranger(server) as eve:
                    await eve.ask(token=TOKENS.invite("tea", 60))
                    outcomes.append("in")
            except aiohttp.WSServerHandshakeError as error:
                outcomes.append(str(error.status))

        for _ in range(30):
            await attack()
        assert (outcomes.count("in"), outcomes.count("429")) == (10, 20)
        assert await refusals(server) == {"too-many-sockets": 20}


async def test_a_flood_of_joins_of_one_room() -> None:
    async with RunningServer(changed(room_joins_per_minute=4)) as server:
        codes = []
        for _ in range(6):
            async with Stranger(server) as eve:
                await eve.ask()
                codes.append(await eve.error())
        assert codes == ["token-required"] * 4 + ["too-fast"] * 2
        async with Stranger(server, "other") as ann:
            await ann.join("Ann", token=TOKENS.invite("other", 60))


PATHS = [
    "/../settings.toml",
    "/..%2f..%2fetc%2fpasswd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/assets/..%5c..%5cetc%5cpasswd",
    "/assets/%00",
    "/tables/..%2fmotion.msgpack",
    "/models/animator/..%2f..%2fcard.md",
    "//etc/passwd",
    "/room/..%2f..%2fetc",
]


@pytest.mark.parametrize("path", PATHS)
async def test_paths_out_of_the_folder(server: RunningServer, path: str) -> None:
    async with aiohttp.ClientSession() as http, http.get(URL(server.address + path, encoded=True)) as response:
        assert response.status == 404
        assert b"root:" not in await response.read()
    assert (await figures(server))["facewire_http_responses_total{status=404}"] == 1


async def test_a_room_that_is_a_path(server: RunningServer) -> None:
    async with Stranger(server, "..%2f..%2fetc") as eve:
        assert await eve.error() == "bad-room"
    assert await refusals(server) == {"bad-room": 1}


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1.evil.example", "file://", ""]
)
async def test_pages_of_other_origins(server: RunningServer, origin: str) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        await Stranger(server, Origin=origin).__aenter__()
    assert await refusals(server) == {"origin": 1}


async def test_headers_without_end(server: RunningServer) -> None:
    async def status(request: bytes) -> bytes:
        reader, writer = await open_connection(server)
        writer.write(request)
        answer = await asyncio.wait_for(reader.readline(), TIMEOUT_S)
        writer.close()
        return answer

    too_long = b"x" * (LIMITS.header_bytes + 1000)
    assert b" 400 " in await status(b"GET /" + too_long + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert b" 400 " in await status(b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + too_long + b"\r\n\r\n")
    many = b"".join(b"X-%d: 1\r\n" % number for number in range(1000))
    assert b" 400 " in await status(b"GET / HTTP/1.1\r\nHost: a\r\n" + many + b"\r\n")


async def attack_in_every_way(server: RunningServer) -> None:
    async def one(action: Callable[[Stranger], Awaitable[object]]) -> None:
        try:
            async with Stranger(server) as eve:
                await action(eve)
                await eve.socket.receive(timeout=TIMEOUT_S)
        except (aiohttp.ClientError, ConnectionError):
            pass

    actions: list[Callable[[Stranger], Awaitable[object]]] = [
        lambda eve: eve.socket.send_bytes(bytes(100_000)),
        lambda eve: eve.socket.send_bytes(b"\xc1"),
        lambda eve: eve.socket.send_str("hello"),
        lambda eve: eve.socket.send_bytes(pack(Join("Eve", "none", token=unsigned("none")))),
        lambda eve: eve.socket.send_bytes(pack(Join("Eve", "none"))),
        lambda eve: eve.socket.close(),
    ]
    await asyncio.gather(*(one(actions[number % len(actions)]) for number in range(60)))


async def test_a_call_goes_on_under_attack() -> None:
    async with RunningServer(changed(sockets_per_minute=1000, room_joins_per_minute=1000)) as server:
        link = f"{server.room()}#token={TOKENS.invite('tea', 60)}"
        async with Guest(link, "Ann") as ann, Guest(link, "Bob") as bob:
            attack = asyncio.create_task(attack_in_every_way(server))
            sent = 0
            while not attack.done() or sent < 25:
                assert ann.call.send_bundle(bytes((sent % 256,)))
                sent += 1
                await asyncio.sleep(0.04)
            await attack
            await bob.saw(BundleReceived, count=int(0.9 * sent))
        await a_normal_call_works(server)
        counted = await refusals(server)
        assert {"bad-message", "bad-token", "token-required", "bad-frame"} <= set(counted)
        assert (await figures(server))["facewire_sockets"] == 0
