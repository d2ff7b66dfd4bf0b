"""Views: a participant who cannot decode is sent the others' faces as ordinary video."""

import asyncio

import numpy as np
import pytest

from codec.animator import Animator
from server.client.events import ParticipantCame, ParticipantWent
from server.encryption.link_secret import LinkSecret
from server.errors import CallError
from server.protocol.room_messages import SetRoom
from server.protocol.view_messages import View, ViewFailed, ViewPictures
from server.renderer.registration import Registration
from server.settings import LinkSettings, Secret
from tests.renderer.stage import RENDERING, SETTINGS, Watcher, actors, rendering
from tests.server.running_server import Guest, RunningServer, until
from tests.server.strangers import Stranger

_LONG_ENOUGH_TO_BE_SEEN_S = 3.0


async def test_a_viewer_sees_moving_faces() -> None:
    async with (
        RunningServer(SETTINGS) as server,
        rendering(server),
        actors(server, 2) as people,
        Stranger(server) as stranger,
        Watcher(stranger) as watcher,
    ):
        await stranger.join()
        await watcher.watch(3)
        sections = await watcher.sees(set(people), "live")
        for mid in sections.values():
            pictures = await watcher.pictures(mid, 12)
            assert {picture.shape for picture in pictures} == {(256, 256, 3)}
            assert pictures[-1].std() > 20, "an empty picture"
            moved = np.abs(pictures[-1].astype(int) - pictures[0]).mean()
            assert moved > 0.3, "a still picture"


async def test_an_encrypted_room_is_seen_with_the_key_that_the_viewer_gives_away() -> None:
    key = f"key={LinkSecret.generate()}"
    async with RunningServer(SETTINGS) as server, rendering(server), actors(server, 1, f"#{key}") as people:
        async with Stranger(server) as stranger, Watcher(stranger) as watcher:
            await stranger.join()
            await watcher.watch(1)
            await watcher.sees(set(people), "waiting")
        async with Stranger(server) as stranger, Watcher(stranger) as watcher:
            await stranger.join()
            await watcher.watch(1, key)
            await watcher.sees(set(people), "live")
            async with Stranger(server) as other, Watcher(other) as keyless:
                await other.join()
                await keyless.watch(1)
                await keyless.sees(set(people), "waiting")
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(_LONG_ENOUGH_TO_BE_SEEN_S):
                        await keyless.sees(set(people), "live")


async def test_renderers_are_there_for_everybody_to_see_and_go_with_the_last_viewer() -> None:
    async with RunningServer(SETTINGS) as server, rendering(server), Guest(server.room(), "Ann") as ann:
        async with Stranger(server) as stranger, Watcher(stranger) as watcher:
            await stranger.join()
            await watcher.watch(1)
            came = await ann.saw(ParticipantCame, lambda event: event.participant.source == "renderer")
            assert server.signalling.rooms.participant_count == 2, "a renderer is nobody"
        await ann.saw(ParticipantWent, lambda event: event.participant == came[0].participant)
        assert server.signalling.renderers.view_count == 0


async def test_more_sections_may_follow_and_nobody_sees_their_own_face() -> None:
    async with (
        RunningServer(SETTINGS) as server,
        rendering(server),
        Stranger(server) as stranger,
        Watcher(stranger) as watcher,
    ):
        await stranger.join()
        await watcher.watch(1)
        async with actors(server, 2) as people:
            news = await stranger.next(ViewPictures)
            while not news.pictures:
                news = await stranger.next(ViewPictures)
            assert {picture.participant for picture in news.pictures} == {people[0]}
            await watcher.watch(1)
            await watcher.sees(set(people), "live")
        await watcher.sees(set(), "live")


async def test_a_renderer_passes_a_locked_door() -> None:
    async with RunningServer(SETTINGS) as server, rendering(server), Stranger(server) as stranger:
        await stranger.join()
        await stranger.send(SetRoom(locked=True, lobby=True))
        async with Watcher(stranger) as watcher:
            await watcher.watch(1)
            await until(lambda: len(server.signalling.rooms.open_rooms()[0].participants) == 2, "the renderer is in")


async def test_views_that_cannot_be_are_refused_and_the_call_goes_on() -> None:
    async with RunningServer(SETTINGS) as server, Stranger(server) as stranger, Watcher(stranger) as watcher:
        await stranger.join()
        await stranger.send(View("v=0"))
        assert (await stranger.next(ViewFailed)).code == "no-renderer"
        async with rendering(server):
            good = (await watcher.offer(1)).sdp
            for bad in ("v=0", "nonsense", good.replace("recvonly", "sendrecv"), good.replace("VP8", "XYZ")):
                await stranger.send(View(bad.replace("H264", "ZYX")))
                assert (await stranger.next(ViewFailed)).code == "bad-offer", bad
            await stranger.send(View(good))
            await stranger.next(ViewPictures)
        assert (await stranger.next(ViewFailed)).code == "renderer-lost"
        assert server.signalling.renderers.failures == {"no-renderer": 1, "bad-offer": 4, "renderer-lost": 1}


async def test_only_who_knows_the_key_renders() -> None:
    async with RunningServer(SETTINGS) as server:
        animator = Animator(provider="cpu")
        registration = Registration(server.address, "two", animator, RENDERING, LinkSettings(), None)
        with pytest.raises(CallError, match="refuses the key"):
            await asyncio.wait_for(registration.run(Secret("not the key")), 10)
        async with Stranger(server) as stranger:
            await stranger.ask("Eve", source="renderer")
            assert await stranger.error() == "bad-token"
