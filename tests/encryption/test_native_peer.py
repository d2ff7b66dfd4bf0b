"""Native peers in a call whose link has a key: faces and voices arrive, and both say what is protected."""

import asyncio
import json
from pathlib import Path

from codec.recording import RecordingReader, RecordKind
from server.client.events import BundleReceived, VoiceReceived
from server.demonstration import RECORDING
from tests.encryption.test_calls import KEY
from tests.native.test_join import _end, _join
from tests.server.running_server import Guest, RunningServer


async def test_a_replayed_face_is_seen_heard_and_recorded_by_those_with_the_key(tmp_path: Path) -> None:
    statistics, recording = tmp_path / "stats.json", tmp_path / "heard.fwr"
    async with RunningServer() as server:
        link = server.room() + KEY
        bob = await _join(
            link, "--name", "Bob", "--replay", str(RECORDING), "--stats", str(statistics), "--seconds", "20"
        )
        listener = ["--name", "Eve", "--video", "none", "--audio", "none", "--record", str(recording)]
        eve = await _join(link, *listener, "--seconds", "20")
        async with Guest(link, "Ann") as ann, Guest(server.room(), "Kim") as kim:
            await ann.saw(BundleReceived, count=20)
            await ann.saw(VoiceReceived, count=20)
            await asyncio.sleep(3)
            assert not [event for event in kim.seen if isinstance(event, BundleReceived | VoiceReceived)]
        said = await _end(eve)
        await _end(bob)
    assert "end-to-end encrypted" in said.splitlines()
    assert "Kim came without this link's key: neither side sees or hears the other" in said
    report = json.loads(statistics.read_text())
    assert report["transport"] == "thin", "nobody who is readable reads no trailers"
    assert report["encryption"] == {"sealed": True, "voice_sealed": True, "strangers": [], "dropped": {}}
    with RecordingReader(recording) as reader:
        kinds = [record.kind for record in reader.records()]
    assert kinds.count(RecordKind.KEYFRAME) >= 1
    assert kinds.count(RecordKind.BUNDLE) > 50
    assert kinds.count(RecordKind.VOICE) > 50


async def test_without_a_key_the_terminal_says_so() -> None:
    async with RunningServer() as server:
        said = await _end(await _join(server.room(), "--video", "none", "--audio", "none", "--seconds", "1"))
    assert "not end-to-end encrypted: the link has no key" in said.splitlines()
