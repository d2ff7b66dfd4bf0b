import asyncio
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from codec.bundle import TIME_MODULUS, parse_bundle
from codec.errors import FormatError
from codec.keyframes import Keyframe, KeyframeAssembler, slice_keyframe
from codec.recording import RecordingReader, RecordingWriter, RecordKind
from server.client.events import BundleReceived, KeyframeSliceReceived, VoiceReceived
from server.demonstration import RECORDING
from server.native.peer import NativePeer, Receivers
from server.native.replay import Replay, restamp
from server.native.voice_codec import packet_samples
from server.settings import Settings
from server.webrtc.channels import EVERYBODY
from tests.native.recordings import recorded, short_demonstration
from tests.server.running_server import Guest, RunningServer, until

SLICES = sum(len(slice_keyframe(keyframe)) for keyframe in recorded(RecordKind.KEYFRAME))


class Sink:
    """Keeps what is sent, with the time."""

    def __init__(self) -> None:
        self.bundles: list[tuple[float, bytes]] = []
        self.keyframes: list[bytes] = []
        self.voice: list[tuple[bytes, int]] = []

    def send_bundle(self, bundle: bytes) -> None:
        self.bundles.append((asyncio.get_running_loop().time(), bundle))

    def send_keyframe(self, keyframe: bytes) -> None:
        self.keyframes.append(keyframe)

    def send_voice(self, packet: bytes, samples: int) -> None:
        self.voice.append((packet, samples))


async def _run_for(replay: Replay, sink: Sink, seconds: float) -> None:
    task = asyncio.create_task(replay.run(sink, repeat=True))
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_loops_have_no_seam(tmp_path: Path) -> None:
    replay = Replay(short_demonstration(tmp_path, 0.48))
    assert replay.duration_ms == 480
    sink = Sink()
    await _run_for(replay, sink, 2.2)
    headers = [parse_bundle(bundle).header for _, bundle in sink.bundles]
    assert len(headers) >= 15
    assert [header.sequence for header in headers] == list(range(len(headers)))
    assert {b.time_ticks - a.time_ticks for a, b in pairwise(headers)} == {12}
    intervals = np.diff([time for time, _ in sink.bundles])
    assert intervals.mean() == pytest.approx(0.12, abs=0.02)
    assert [keyframe[1] for keyframe in sink.keyframes] == [0, 1, 2, 3, 4]
    packets = sum(samples for packet, samples in sink.voice if packet)
    silence = sum(samples for packet, samples in sink.voice if not packet)
    assert (packets + silence) / 48_000 == pytest.approx(2.1, abs=0.3)


async def test_the_end_of_a_replay_without_loop(tmp_path: Path) -> None:
    sink = Sink()
    await asyncio.wait_for(Replay(short_demonstration(tmp_path, 0.36)).run(sink, repeat=False), 3)
    assert len(sink.bundles) == 3


async def test_a_call_hears_and_sees_a_replayed_participant(tmp_path: Path) -> None:
    replay = Replay(short_demonstration(tmp_path, 1.92))
    async with RunningServer() as server, Guest(server.room(), "Ann") as ann:
        bob = Guest(server.room(), "Bob", "file")
        peer = NativePeer(bob.call, Receivers(), lambda _: None)
        peer.sending.store = replay
        await peer.connect()
        running = asyncio.create_task(peer.run())
        feeding = asyncio.create_task(replay.run(peer.sending, repeat=True))
        bundles = await ann.saw(BundleReceived, count=20)
        voice = await ann.saw(VoiceReceived, count=20)
        # Ann joined first: she has all five keyframes, and a newcomer gets them in answer to its state.
        assembler = KeyframeAssembler()
        slices = await ann.saw(KeyframeSliceReceived, count=SLICES)
        keyframes = [done for part in slices if (done := assembler.add(part.slice))]
        assert {Keyframe.parse(keyframe).number for keyframe in keyframes} == {0, 1, 2, 3, 4}
        async with Guest(server.room(), "Eve") as eve:
            eve.call.send_control(0, {"type": "state", "muted": True, "camera": "off"})
            received = KeyframeAssembler()
            numbers = set()
            for part in await eve.saw(KeyframeSliceReceived, count=SLICES):
                if done := received.add(part.slice):
                    numbers.add(done[1])
            assert numbers == {0, 1, 2, 3, 4}
            ann.call.send_control(peer_id(ann), {"type": "keyframe-request", "number": 2})
            before = len(ann.seen)
            await until(
                lambda: any(isinstance(e, KeyframeSliceReceived) and e.slice[0] == 2 for e in ann.seen[before:]),
                "the request is answered",
            )
        peer.stopped.set()
        feeding.cancel()
        await asyncio.wait_for(running, 5)
        await peer.close()
    ticks = [parse_bundle(event.bundle).header.time_ticks for event in bundles]
    assert set(np.diff(ticks)) <= {12, 24}, "loss on loopback may drop one, the seam none"
    steps = np.diff([event.timestamp for event in voice]) / packet_samples(voice[0].payload)
    assert steps.min() >= 1
    assert np.allclose(steps, np.rint(steps), atol=0.02)


async def test_a_replayed_participant_comes_back_after_the_server_was_restarted(tmp_path: Path) -> None:
    replay = Replay(short_demonstration(tmp_path, 0.96))
    said: list[str] = []
    async with RunningServer() as server:
        bob = Guest(server.room(), "Bob", "file")
        peer = NativePeer(bob.call, Receivers(), said.append)
        peer.sending.store = replay
        await peer.connect()
        running = asyncio.create_task(peer.run())
        feeding = asyncio.create_task(replay.run(peer.sending, repeat=True))
        await asyncio.sleep(0.5)
    again = RunningServer(Settings(port=server.port))
    async with again, Guest(again.room(), "Ann") as ann:
        await ann.saw(BundleReceived, count=10)
        # Whoever is there already answers a newcomer's first state with the keyframes in use.
        ann.call.send_control(EVERYBODY, {"type": "state", "muted": False, "camera": "off"})
        await ann.saw(KeyframeSliceReceived, count=SLICES)
        await ann.saw(VoiceReceived, count=5)
        peer.stopped.set()
        feeding.cancel()
        await asyncio.wait_for(running, 5)
    await peer.close()
    assert any(line.startswith("connection lost") for line in said)
    assert any(line.startswith("connected again") for line in said)


def peer_id(guest: Guest) -> int:
    return next(number for number, info in guest.call.participants.items() if info.name == "Bob")


def test_time_and_sequence_wrap() -> None:
    bundle = recorded(RecordKind.BUNDLE)[0]
    header = parse_bundle(restamp(bundle, 65_537, TIME_MODULUS + 5)).header
    assert (header.sequence, header.time_ticks) == (1, 5)
    assert parse_bundle(restamp(bundle, 0, 0)).motion == parse_bundle(bundle).motion


def test_what_cannot_be_replayed_is_said(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "empty.fwr"):
        pass
    with pytest.raises(FormatError, match="nothing to replay"):
        Replay(tmp_path / "empty.fwr")
    with pytest.raises(FormatError, match="participant 9"):
        Replay(RECORDING, 9)


def test_broken_records_are_not_sent_on(tmp_path: Path) -> None:
    path = short_demonstration(tmp_path, 0.5)
    whole = Replay(path).duration_ms
    with RecordingReader(path) as reader, RecordingWriter(tmp_path / "odd.fwr") as writer:
        for record in reader.records():
            writer.add(record.participant, record.kind, record.time_ms, record.payload)
            writer.add(record.participant, record.kind, record.time_ms, b"\xff" + record.payload[:3])
    assert Replay(tmp_path / "odd.fwr").duration_ms == whole
