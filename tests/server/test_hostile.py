"""A client that breaks every rule gets a typed error or is dropped, and the others' call goes on."""

import asyncio
import random
import struct
import time
from collections.abc import AsyncIterator, Callable

import aiohttp
import msgpack
import pytest
from aiortc.rtcsctptransport import DATA_CHANNEL_OPEN, WEBRTC_DCEP

from server.client.events import (
    BundleReceived,
    ControlReceived,
    KeyframeSliceReceived,
    ParticipantAway,
    Reconnected,
    Reconnecting,
    VoiceReceived,
)
from server.client.media import CallMedia
from server.protocol.messages import Answer, Error, Join, Joined, Offer, Voices, pack, parse_server_message
from server.settings import LinkSettings, Settings
from server.webrtc.channels import Channel
from tests.server.running_server import Guest, RunningServer, hears

TIMEOUT_S = 5.0


@pytest.fixture
async def server() -> AsyncIterator[RunningServer]:
    """A server on which Ann and Bob are in a call; whatever the test does, they must still be in it afterwards."""
    async with (
        RunningServer(Settings(port=0, link=LinkSettings(connect_timeout_s=3.0))) as running,
        Guest(running.room(), "Ann") as ann,
        Guest(running.room(), "Bob") as bob,
    ):
        yield running
        await hears(bob, ann, b"still here")
        for guest in (ann, bob):
            assert not [event for event in guest.seen if isinstance(event, Reconnecting)]


class Stranger:
    """A raw WebSocket to the room's signalling."""

    def __init__(self, server: RunningServer, room: str = "tea") -> None:
        self._url = f"{server.room(room)}/signal"
        self._http = aiohttp.ClientSession()

    async def __aenter__(self) -> "Stranger":
        self.socket = await self._http.ws_connect(self._url)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()
        await self._http.close()

    async def join(self) -> Joined:
        await self.socket.send_bytes(pack(Join("Eve", "none")))
        joined = parse_server_message(await self.socket.receive_bytes(timeout=TIMEOUT_S))
        assert isinstance(joined, Joined)
        return joined

    async def error(self) -> str:
        """Wait for the error that ends the session; return its code."""
        while True:
            message = parse_server_message(await self.socket.receive_bytes(timeout=TIMEOUT_S))
            if isinstance(message, Error):
                assert message.message
                assert (await self.socket.receive(timeout=TIMEOUT_S)).type is aiohttp.WSMsgType.CLOSE
                return message.code


NOT_MESSAGES = {
    "nothing": b"",
    "noise": b"\xc1\xff\x00garbage",
    "a list": msgpack.packb([1, 2]),
    "a number": msgpack.packb(7),
    "trailing bytes": pack(Join("Eve", "none")) + b"\x00",
    "cut short": pack(Join("Eve", "none"))[:-3],
    "no type": msgpack.packb({"name": "Eve"}),
    "type not text": msgpack.packb({"type": 3}),
    "unknown type": msgpack.packb({"type": "shutdown"}),
    "a server's message": pack(Error("bad-message", "")),
    "missing field": msgpack.packb({"type": "join", "protocol": 1, "name": "Eve"}),
    "extra field": msgpack.packb({"type": "leave", "id": 1}),
    "name too long": pack(Join("E" * 65, "none")),
    "name empty": pack(Join("", "none")),
    "name of blanks": pack(Join("  ", "none")),
    "name with control characters": pack(Join("Eve\n2026 ERROR", "none")),
    "name not text": msgpack.packb({"type": "join", "protocol": 1, "name": 5, "source": "none"}),
    "unknown source": pack(Join("Eve", "spy")),
    "protocol a bool": msgpack.packb({"type": "join", "protocol": True, "name": "Eve", "source": "none"}),
    "deep nesting": b"\x91" * 5000 + b"\x00",
    "a bomb of lengths": b"\xdf\xff\xff\xff\xff",
    "keys not text": msgpack.packb({1: 2}),
    "offer before join": pack(Offer("v=0")),
}


@pytest.mark.parametrize("data", NOT_MESSAGES.values(), ids=NOT_MESSAGES.keys())
async def test_bad_message_before_join(server: RunningServer, data: bytes) -> None:
    async with Stranger(server) as eve:
        await eve.socket.send_bytes(data)
        assert await eve.error() == "bad-message"


async def test_random_bytes_on_the_socket(server: RunningServer) -> None:
    noise = random.Random(7)
    for _ in range(40):
        async with Stranger(server) as eve:
            await eve.socket.send_bytes(noise.randbytes(noise.randrange(1, 400)))
            assert await eve.error() == "bad-message"


async def test_other_refusals(server: RunningServer) -> None:
    async with Stranger(server) as eve:
        await eve.socket.send_bytes(pack(Join("Eve", "none", protocol=2)))
        assert await eve.error() == "protocol-version"
    async with Stranger(server, "no%20room") as eve:
        assert await eve.error() == "bad-room"
    async with Stranger(server) as eve:
        await eve.socket.send_str("hello")
        assert await eve.error() == "bad-message"
    async with Stranger(server) as eve:
        await eve.join()
        await eve.socket.send_bytes(pack(Join("Eve", "none")))
        assert await eve.error() == "bad-message"
    async with Stranger(server) as eve:
        await eve.socket.send_bytes(bytes(200_000))
        assert (await eve.socket.receive(timeout=TIMEOUT_S)).type is aiohttp.WSMsgType.CLOSE


async def test_too_many_messages(server: RunningServer) -> None:
    async with Stranger(server) as eve:
        await eve.join()
        for _ in range(200):
            await eve.socket.ping()
        assert await eve.error() == "too-fast"


async def good_offer(server: RunningServer) -> str:
    media = quiet_media()
    try:
        return await media.offer(1)
    finally:
        await media.close()


def quiet_media() -> CallMedia:
    return CallMedia((), LinkSettings(), *4 * [lambda *_: None])


BAD_OFFERS: dict[str, Callable[[str], str]] = {
    "no description": lambda sdp: "hello",
    "no sections": lambda sdp: sdp.split("m=")[0],
    "half of it": lambda sdp: sdp[: len(sdp) // 2],
    "video": lambda sdp: sdp.replace("m=audio", "m=video"),
    "no Opus": lambda sdp: sdp.replace("opus/48000/2", "PCMU/8000"),
    "no mid": lambda sdp: sdp.replace("a=mid:0", "a=other:0"),
    "mids twice": lambda sdp: sdp.replace("a=mid:1", "a=mid:0"),
    "not bundled": lambda sdp: sdp.replace("a=group:BUNDLE", "a=group:LS"),
    "two voices": lambda sdp: sdp.replace("a=recvonly", "a=sendonly"),
    "receives only": lambda sdp: sdp.replace("a=sendonly", "a=recvonly"),
    "no password": lambda sdp: sdp.replace("a=ice-pwd", "a=ice-pwt"),
    "bad password": lambda sdp: sdp.replace("a=ice-pwd:", "a=ice-pwd"),
    "no fingerprint": lambda sdp: sdp.replace("a=fingerprint:", "a=finger:"),
    "bad candidate": lambda sdp: sdp.replace("a=candidate:", "a=candidate:x y z "),
    "bad setup": lambda sdp: sdp.replace("a=setup:actpass", "a=setup:maybe"),
    "no rtcp-mux": lambda sdp: sdp.replace("a=rtcp-mux", "a=rtcp-max"),
    "a thousand candidates": lambda sdp: sdp + "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n" * 1000,
    "a hundred sections": lambda sdp: sdp + "m=audio 9 UDP/TLS/RTP/SAVPF 96\r\n" * 100,
    "forbidden payload type": lambda sdp: sdp.replace("SAVPF 96", "SAVPF 72"),
}


@pytest.mark.parametrize("spoil", BAD_OFFERS.values(), ids=BAD_OFFERS.keys())
async def test_bad_offer(server: RunningServer, spoil: Callable[[str], str]) -> None:
    offer = spoil(await good_offer(server))
    async with Stranger(server) as eve:
        await eve.join()
        await eve.socket.send_bytes(pack(Offer(offer)))
        assert await eve.error() in ("bad-message", "media-failed")


async def test_offers_of_random_lines(server: RunningServer) -> None:
    lines = (await good_offer(server)).splitlines()
    chance = random.Random(11)
    for _ in range(25):
        spoilt = [line for line in lines if chance.random() > 0.1]
        spoilt[chance.randrange(len(spoilt))] = "a=" + "".join(chr(chance.randrange(32, 127)) for _ in range(30))
        async with Stranger(server) as eve:
            await eve.join()
            await eve.socket.send_bytes(pack(Offer("\r\n".join(spoilt) + "\r\n")))
            answer = parse_server_message(await eve.socket.receive_bytes(timeout=TIMEOUT_S))
            assert isinstance(answer, Answer | Error)


async def test_a_re_offer_that_moves_sections(server: RunningServer) -> None:
    offer = await good_offer(server)
    async with Stranger(server) as eve:
        await eve.join()
        await eve.socket.send_bytes(pack(Offer(offer)))
        assert isinstance(parse_server_message(await eve.socket.receive_bytes(timeout=TIMEOUT_S)), Answer)
        assert isinstance(parse_server_message(await eve.socket.receive_bytes(timeout=TIMEOUT_S)), Voices)
        moved = offer.replace("a=mid:0", "a=mid:9").replace("BUNDLE 0", "BUNDLE 9")
        await eve.socket.send_bytes(pack(Offer(moved)))
        assert await eve.error() == "bad-message"


async def test_garbage_on_every_channel(server: RunningServer) -> None:
    noise = random.Random(3)
    async with Guest(server.room(), "Cem") as cem, Guest(server.room(), "Eve") as eve:
        media = eve.call._session.media  # type: ignore[union-attr]
        for queue in media._outgoing.values():
            channel = queue._channel
            assert channel is not None
            channel.send("text")
            channel.send(b"")
            channel.send(bytes(5000))
            for _ in range(20):
                channel.send(
                    bytes((noise.choice((0, 0, cem.id, eve.id, 200)),)) + noise.randbytes(noise.randrange(1, 999))
                )
        member = next(iter(server.signalling.rooms._rooms.values())).participants[eve.id]
        eve.call.send_control(cem.id, {"last": True})
        await cem.saw(ControlReceived, lambda event: event.message == {"last": True})
        assert member.peer.dropped["motion text"] == member.peer.dropped["control text"] == 1
        assert member.peer.dropped["motion size"] == member.peer.dropped["keyframe size"] == 2
        assert cem.call.stats.bad_messages > 0
        assert all(
            event.sender == eve.id
            for event in cem.seen
            if isinstance(event, BundleReceived | KeyframeSliceReceived | ControlReceived)
        )
        assert member.peer.dropped["keyframe to nobody"] > 0
        assert eve.id in cem.call.participants


async def test_a_flood_is_cut_to_the_rate_of_a_call(server: RunningServer) -> None:
    async with Guest(server.room(), "Cem") as cem, Guest(server.room(), "Eve") as eve:
        began = time.monotonic()
        member = next(iter(server.signalling.rooms._rooms.values())).participants[eve.id]
        media = eve.call._session.media  # type: ignore[union-attr]
        channel = media._outgoing[Channel.MOTION]._channel
        assert channel is not None
        dropped = member.peer.dropped
        while not (dropped["motion too fast"] and dropped["voice too fast"]):
            assert time.monotonic() - began < 20
            channel.send(bytes(200))
            media.send_voice(b"voice", 2880)
            await asyncio.sleep(0)
        admitted = 60 * (3 + time.monotonic() - began)
        assert len([event for event in cem.seen if isinstance(event, VoiceReceived)]) <= admitted
        assert len([event for event in cem.seen if isinstance(event, BundleReceived)]) <= admitted


@pytest.mark.parametrize(
    ("label", "ordered", "retransmits"),
    [("secrets", True, None), ("motion", True, None), ("motion", False, 5), ("control", True, None)],
    ids=["unknown", "motion ordered", "motion retransmitted", "control twice"],
)
async def test_a_wrong_data_channel(server: RunningServer, label: str, ordered: bool, retransmits: int | None) -> None:
    async with Stranger(server) as eve:
        await eve.join()
        media = quiet_media()
        try:
            offer = await media.offer(1)
            media._connection.createDataChannel(label, ordered=ordered, maxRetransmits=retransmits)
            await eve.socket.send_bytes(pack(Offer(offer)))
            answer = parse_server_message(await eve.socket.receive_bytes(timeout=TIMEOUT_S))
            assert isinstance(answer, Answer)
            await media.accept(answer.sdp)
            assert await eve.error() == "bad-message"
        finally:
            await media.close()


async def test_bad_sctp_ends_only_its_own_connection(server: RunningServer) -> None:
    async with Guest(server.room(), "Cem") as cem, Guest(server.room(), "Eve") as eve:
        eve_id = eve.id
        sctp = eve.call._session.media._connection.sctp  # type: ignore[union-attr]
        assert sctp is not None
        for size in (1, 11, 12, 40, 1000):
            await sctp.transport._send_data(random.Random(size).randbytes(size))
        eve.call.send_control(0, {"type": "still connected"})
        await cem.saw(ControlReceived)
        stream = next(iter(sctp._data_channels))
        await sctp._send(stream, WEBRTC_DCEP, struct.pack("!BBHLHH", DATA_CHANNEL_OPEN, 0, 0, 0, 0, 0))
        # Her seat is held, and she comes back to it.
        await cem.saw(ParticipantAway, lambda event: event.participant.id == eve_id and event.participant.away)
        await eve.saw(Reconnected)
        await cem.saw(ParticipantAway, lambda event: event.participant.id == eve_id and not event.participant.away)


async def test_other_sites_may_not_join(server: RunningServer) -> None:
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await http.ws_connect(f"{server.room()}/signal", origin="https://evil.example")
        async with http.ws_connect(f"{server.room()}/signal", origin=server.address) as socket:
            await socket.send_bytes(pack(Join("Eve", "none")))
            assert isinstance(parse_server_message(await socket.receive_bytes(timeout=TIMEOUT_S)), Joined)
