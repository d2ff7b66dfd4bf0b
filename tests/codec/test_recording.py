import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codec.errors import FormatError
from codec.recording import Record, RecordedParticipant, RecordingReader, RecordingWriter, RecordKind

ANN = RecordedParticipant(1, "Ann", "camera")
BOB = RecordedParticipant(200, "Bob", "file")
RECORDS = [
    Record(1, RecordKind.KEYFRAME, 0, bytes(range(256)) * 12),
    Record(1, RecordKind.BUNDLE, 120, b"bundle"),
    Record(200, RecordKind.VOICE, 121, b"opus"),
    Record(1, RecordKind.BUNDLE, 2**32 - 1, b""),
]


def _write(path: Path) -> bytes:
    with RecordingWriter(path, (ANN,)) as writer:
        writer.add_participant(BOB, 0)
        for record in RECORDS:
            writer.add(record.participant, record.kind, record.time_ms, record.payload)
    return path.read_bytes()


def test_round_trip_with_two_participants(tmp_path: Path) -> None:
    _write(tmp_path / "call.fwr")
    with RecordingReader(tmp_path / "call.fwr") as reader:
        assert reader.participants == {1: ANN}
        records = list(reader.records())
        assert records[1:] == RECORDS
        assert records[0].kind is RecordKind.PARTICIPANT
        assert reader.participants == {1: ANN, 200: BOB}
        assert reader.damage is None
        assert reader.created.endswith("+00:00")


def test_what_is_written_can_be_read_before_the_writer_closes(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "call.fwr") as writer:
        writer.add(1, RecordKind.VOICE, 5, b"opus")
        with RecordingReader(tmp_path / "call.fwr") as reader:
            assert list(reader.records()) == [Record(1, RecordKind.VOICE, 5, b"opus")]


def test_every_cut_is_read_up_to_the_last_whole_record(tmp_path: Path) -> None:
    data = _write(tmp_path / "call.fwr")
    path = tmp_path / "cut.fwr"
    for length in [*range(120), *range(len(data) - 60, len(data))]:
        path.write_bytes(data[:length])
        try:
            reader = RecordingReader(path)
        except FormatError:
            assert length < 100
            continue
        with reader:
            records = list(reader.records())
        assert records[1:] == RECORDS[: max(0, len(records) - 1)]
        if reader.damage is not None:
            assert reader.damage.offset <= length
            assert "ends" in reader.damage.reason


def test_every_flipped_record_byte_is_found(tmp_path: Path) -> None:
    data = _write(tmp_path / "call.fwr")
    path = tmp_path / "flipped.fwr"
    for position in range(len(data) - 60, len(data)):
        path.write_bytes(data[:position] + bytes([data[position] ^ 16]) + data[position + 1 :])
        with RecordingReader(path) as reader:
            assert len(list(reader.records())) < len(RECORDS) + 1
            assert reader.damage is not None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(tail=st.binary(max_size=300), keep=st.sampled_from([0, 3, 4, 8, 60, 100, 3200]))
def test_random_bytes_never_do_worse_than_an_error(tmp_path: Path, tail: bytes, keep: int) -> None:
    path = tmp_path / "random.fwr"
    path.write_bytes(_write(tmp_path / "call.fwr")[:keep] + tail)
    with contextlib.suppress(FormatError), RecordingReader(path) as reader:
        assert len(list(reader.records())) <= len(RECORDS) + 1


@pytest.mark.parametrize(
    ("participant", "time_ms", "payload"),
    [(0, 0, b""), (256, 0, b""), (1, -1, b""), (1, 2**32, b""), (1, 0, bytes(65_536))],
)
def test_the_writer_refuses_what_does_not_fit(tmp_path: Path, participant: int, time_ms: int, payload: bytes) -> None:
    with RecordingWriter(tmp_path / "call.fwr") as writer, pytest.raises(FormatError):
        writer.add(participant, RecordKind.BUNDLE, time_ms, payload)


def test_errors_name_the_file(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"absent\.fwr"):
        RecordingReader(tmp_path / "absent.fwr")
    (tmp_path / "new.fwr").write_bytes(b"FWR\x02")
    with pytest.raises(FormatError, match="version 2"):
        RecordingReader(tmp_path / "new.fwr")
    with pytest.raises(FormatError, match="cannot write"):
        RecordingWriter(tmp_path / "no" / "folder.fwr")
