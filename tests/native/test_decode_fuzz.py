"""Broken and hostile recordings through all of the decoder: partial pictures or a typed error, never anything else."""

from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

from codec.animator import Animator
from codec.errors import CodecError
from codec.recording import CLIP, Record, RecordedParticipant, RecordingReader, RecordingWriter, RecordKind
from server.cli import main
from server.demonstration import RECORDING
from server.native.play_out import PlayOut
from server.native.replay import Replay
from tests.native.films import talking_film

FILES = 200
SECONDS = 1.2


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    """Return a coded film with its sound, whose keyframes are predicted, and a participant of a call."""
    folder = tmp_path_factory.mktemp("clip")
    film = talking_film(folder / "talk.mp4", SECONDS, tone_hz=440)
    assert main(["encode", str(film), str(folder / "talk.fwr"), "--quality", "100"]) == 0
    with RecordingReader(folder / "talk.fwr") as clip, RecordingReader(RECORDING) as call:
        coded = [record for record in clip.records() if record.kind is not RecordKind.PARTICIPANT]
        called = [
            Record(2, record.kind, record.time_ms, record.payload)
            for record in call.records()
            if record.time_ms < 1000 * SECONDS
        ]
    return sorted(coded + called, key=lambda record: record.time_ms)


def _harmed(records: list[Record], random: np.random.Generator) -> list[Record]:
    """Return records some of which are changed, missing, doubled, moved, or of another participant or kind."""
    harmed = []
    for record in records:
        chance = random.random()
        if chance > 0.25:
            harmed.append(record)
            continue
        payload = bytearray(record.payload)
        if chance < 0.1 and payload:
            for _ in range(random.integers(1, 4)):
                payload[random.integers(min(len(payload), 40))] ^= 1 << random.integers(8)
        elif chance < 0.13:
            del payload[random.integers(len(payload) + 1) :]
        elif chance < 0.16:
            continue
        time_ms = record.time_ms + int(random.integers(-200, 200) * (random.random() < 0.3))
        participant = int(random.integers(1, 4)) if random.random() < 0.2 else record.participant
        kind = RecordKind(int(random.integers(1, 4))) if random.random() < 0.1 else record.kind
        harmed += [Record(participant, kind, max(0, time_ms), bytes(payload))] * int(random.integers(1, 3))
    return harmed


def test_hundreds_of_harmed_recordings(records: list[Record], tmp_path: Path) -> None:
    random = np.random.default_rng(8)
    animator = Animator(provider="cpu")
    path = tmp_path / "harmed.fwr"
    participants = (RecordedParticipant(1, "clip", CLIP), RecordedParticipant(2, "call", "file"))
    began = perf_counter()
    pictures = refused = 0
    for number in range(FILES):
        with RecordingWriter(path, participants, chunk_ms=200) as writer:
            for record in _harmed(records, random):
                writer.add(record.participant, record.kind, record.time_ms, record.payload)
        data = bytearray(path.read_bytes())
        if number % 3 == 0:
            data[random.integers(60, len(data))] ^= 1
        if number % 5 == 0:
            del data[random.integers(60, len(data)) :]
        path.write_bytes(data)
        try:
            playing = PlayOut(path, animator, 4, start_s=0.4 * (number % 2))
        except CodecError:
            refused += 1
            continue
        moments = list(playing.moments())
        assert len(moments) == playing.frames <= 4 * SECONDS + 2
        assert sum(moment.sound.size for moment in moments) == playing.frames * 12_000
        assert playing.broken == 0 or playing.problem
        pictures += sum(moment.picture.mean() > 50 for moment in moments)
        if number % 10 == 0:
            assert Replay(path).duration_ms < 4000
    assert pictures > FILES
    assert refused < FILES / 4
    assert perf_counter() - began < 110


def test_a_clip_whose_clock_is_wrong_is_shown_with_its_records(records: list[Record], tmp_path: Path) -> None:
    path = tmp_path / "clock.fwr"
    with RecordingWriter(path, (RecordedParticipant(2, "clip", CLIP),)) as writer:
        for record in records:
            if record.participant == 2:
                writer.add(2, record.kind, record.time_ms + 40_000_000, record.payload)
    playing = PlayOut(path, Animator(provider="cpu"), 5, start_s=40_000)
    moments = list(playing.moments())
    assert len(moments) == 5 * SECONDS
    assert moments[-1].picture.mean() > 50
