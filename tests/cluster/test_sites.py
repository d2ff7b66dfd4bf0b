"""A centre and a site whose NATS server is a leaf node, as docker/ has them: one room on both, and what crosses."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import NamedTuple
from urllib.request import urlopen

import pytest
import pytest_asyncio

from server.client.events import BundleReceived, KeyframeSliceReceived, ParticipantAway, ParticipantWent, VoiceReceived
from server.errors import CallError
from server.protocol.room_messages import SetRoom
from server.tls import tls_context
from tests.cluster import nats_files
from tests.cluster.nats_server import NatsServer, free_port
from tests.cluster.nodes import Nodes
from tests.cluster.replaying import replaying
from tests.cluster.tcp_path import TcpPath
from tests.server.running_server import Guest, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

_DOMAIN = "centre"
_CUT_S = 6.0
_BACK_S = 10.0
#: In which the recording's keyframes have gone.
_KEYFRAMES_S = 3.0
_WATCHED_S = 6.0


class Way(NamedTuple):
    """What has gone one way: messages and their payload by the leaf node's count, and all bytes in TCP, TLS too."""

    messages: float
    payload_bytes: float
    tcp_bytes: float


class Crossed(NamedTuple):
    """What has gone to the centre, and what has come from it."""

    there: Way
    back: Way


@dataclass(frozen=True)
class Sites:
    """A node in the centre, one at a site, and the way between them."""

    centre: Nodes
    site: Nodes
    path: TcpPath
    monitoring: int

    def crossed(self) -> Crossed:
        """Return what has crossed since the connection was made."""
        with urlopen(f"http://127.0.0.1:{self.monitoring}/leafz", timeout=5) as answer:
            leaf = json.load(answer)["leafs"][0]
        return Crossed(
            Way(leaf["out_msgs"], leaf["out_bytes"], self.path.there_bytes),
            Way(leaf["in_msgs"], leaf["in_bytes"], self.path.back_bytes),
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sites(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sites]:
    folder = tmp_path_factory.mktemp("sites")
    tls_context("self-signed", folder)
    leaf_port, monitoring = free_port(), free_port()
    async with AsyncExitStack() as stack:

        async def start(nodes: Nodes) -> Nodes:
            return await asyncio.to_thread(stack.enter_context, nodes)

        path = await stack.enter_async_context(TcpPath(leaf_port))
        centre = NatsServer(folder / "centre", nats_files.centre(folder / "centre", leaf_port, folder))
        site_file = f"{nats_files.site(path.port, folder)}\nhttp: 127.0.0.1:{monitoring}"
        site = NatsServer(folder / "site", site_file)
        for server in (centre, site):
            stack.enter_context(server)
        centre_nodes = await start(Nodes(centre.url.replace("//", f"//node:{nats_files.NODE_PASSWORD}@")))
        yield Sites(centre_nodes, await start(Nodes(site.url, domain=_DOMAIN)), path, monitoring)


async def test_people_of_two_sites_are_in_one_room(sites: Sites) -> None:
    async with Guest(sites.centre.room(0), "Ann") as ann, Guest(sites.site.room(0), "Bob") as bob:
        await until(lambda: set(ann.call.participants) == {bob.id}, "Ann knows Bob")
        assert bob.call.participants[ann.id].name == "Ann"
        await ann.call.use_power(SetRoom(locked=True, lobby=False))
        await until(lambda: bob.call.room.locked and bob.call.room.hosts == (ann.id,), "Bob knows who locked the room")
        with pytest.raises(CallError) as refusal:
            await Guest(sites.site.room(0), "Eve").call.connect()
        assert refusal.value.code == "room-locked"
        async with replaying(ann, bob):
            for guest, other in ((ann, bob), (bob, ann)):
                assert (await guest.saw(BundleReceived))[0].sender == other.id
                assert (await guest.saw(VoiceReceived))[0].sender == other.id
                assert (await guest.saw(KeyframeSliceReceived))[0].sender == other.id


async def test_media_cross_only_where_somebody_is_to_get_them(sites: Sites) -> None:
    """Two people on both sides; then two on one, whose media stay there. Prints what crosses."""
    across = await rates(sites, sites.centre)
    inside = await rates(sites, sites.site)
    for case, crossed in (("a person on each side", across), ("both at the site", inside)):
        for where, way in zip(("to", "from"), crossed, strict=True):
            payload, tcp = way.payload_bytes * 8 / 1000, way.tcp_bytes * 8 / 1000
            print(f"{case}, {where} the centre: {way.messages:.1f} messages/s, {payload:.1f} kbit/s, in TCP {tcp:.1f}")
    assert all(way.messages > 15 for way in across)
    assert all(way.messages < 5 for way in inside)


async def rates(sites: Sites, other: Nodes) -> Crossed:
    """Return what crosses in a second while somebody at the site and somebody at another node send."""
    async with (
        Guest(sites.site.room(0, "heard"), "Ann") as ann,
        Guest(other.room(0, "heard"), "Bob") as bob,
        replaying(ann, bob),
    ):
        await asyncio.gather(*(guest.saw(BundleReceived) for guest in (ann, bob)))
        await asyncio.sleep(_KEYFRAMES_S)
        before, began = sites.crossed(), time.monotonic()
        await asyncio.sleep(_WATCHED_S)
        after, seconds = sites.crossed(), time.monotonic() - began
    return Crossed(
        *(
            Way(*((end - begin) / seconds for begin, end in zip(*ways, strict=True)))
            for ways in zip(before, after, strict=True)
        )
    )


async def test_a_lost_connection_between_sites_mends(sites: Sites) -> None:
    async with (
        Guest(sites.site.room(0, "cut"), "Ann") as ann,
        Guest(sites.site.room(0, "cut"), "Bob") as bob,
        Guest(sites.centre.room(0, "cut"), "Cem") as cem,
    ):
        await until(lambda: all(len(guest.call.participants) == 2 for guest in (ann, bob, cem)), "all are there")
        ids = ann.id, bob.id, cem.id
        sites.path.cut()
        cut_at, count = time.monotonic(), 0
        while time.monotonic() - cut_at < _CUT_S:
            count += 1
            ann.call.send_bundle(b"at the same site")
            await bob.saw(BundleReceived, count=count)
            await asyncio.sleep(0.2)
        await cem.saw(ParticipantAway, lambda event: event.participant.away, 2)
        with pytest.raises(CallError) as refusal:
            await Guest(sites.site.room(0, "cut"), "Dot").call.connect()
        assert refusal.value.code == "going-away"
        await sites.path.mend()
        mended_at = time.monotonic()
        await cem.saw(ParticipantAway, lambda event: not event.participant.away, 2)
        while not any(isinstance(event, BundleReceived) and event.bundle == b"across" for event in cem.seen):
            ann.call.send_bundle(b"across")
            await asyncio.sleep(0.1)
        took_s = time.monotonic() - mended_at
        print(f"everybody was seated again and heard {took_s:.1f} s after the connection could be made again")
        assert took_s < _BACK_S
        assert (ann.id, bob.id, cem.id) == ids
        assert not [event for guest in (ann, bob, cem) for event in guest.seen if isinstance(event, ParticipantWent)]
        async with Guest(sites.site.room(0, "cut"), "Dot") as dot:
            await until(lambda: dot.id in cem.call.participants, "Cem knows Dot")
