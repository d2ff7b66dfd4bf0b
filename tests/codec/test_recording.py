from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codec.errors import FormatError
from codec.keyframes import CACHED_KEYFRAMES
from codec.provenance import RENDERED
from codec.recording import Record, RecordedParticipant, RecordingReader, RecordingWriter, RecordKind

ANN = RecordedParticipant(1, "Ann", "camera")
BOB = RecordedParticipant(200, "Bob", "file")
RECORDS = [
    Record(1, RecordKind.KEYFRAME, 0, bytes(range(256)) * 12),
    Record(1, RecordKind.BUNDLE, 120, b"bundle"),
    Record(200, RecordKind.VOICE, 121, b"opus"),
    Record(1, RecordKind.BUNDLE, 2**32 - 1, b""),
]


def _add(writer: RecordingWriter, records: list[Record]) -> None:
    for record in records:
        writer.add(record.participant, record.kind, record.time_ms, record.payload)


def _write(path: Path) -> bytes:
    with RecordingWriter(path, (ANN,), "2026-01-02T03:04:05+00:00") as writer:
        writer.add_participant(BOB, 0)
        _add(writer, RECORDS)
    return path.read_bytes()


def _read(path: Path) -> list[Record]:
    with RecordingReader(path) as reader:
        records = list(reader.records())
        assert reader.damage is None
    return records


def _talk(seconds: int, participant: int = 1, start_ms: int = 0) -> list[Record]:
    """Return a steady stream of bundles and voice, with a keyframe every 7 s whose number counts on."""
    records = []
    for time_ms in range(start_ms, start_ms + seconds * 1000, 60):
        if time_ms % 7020 == 0:
            keyframe = bytes([17, time_ms // 7020]) + bytes(40)
            records.append(Record(participant, RecordKind.KEYFRAME, time_ms, keyframe))
        if time_ms % 120 == 0:
            records.append(Record(participant, RecordKind.BUNDLE, time_ms, time_ms.to_bytes(25, "big")))
        records.append(Record(participant, RecordKind.VOICE, time_ms, b"opus" * 8))
    return records


def test_round_trip_with_two_participants(tmp_path: Path) -> None:
    _write(tmp_path / "call.fwr")
    with RecordingReader(tmp_path / "call.fwr") as reader:
        assert reader.participants == {1: ANN}
        records = list(reader.records())
        assert [record for record in records if record.kind is not RecordKind.PARTICIPANT] == RECORDS
        assert records[0].kind is RecordKind.PARTICIPANT
        assert reader.participants == {1: ANN, 200: BOB}
        assert reader.damage is None
        assert reader.created == "2026-01-02T03:04:05+00:00"


def test_a_recording_may_say_that_it_will_be_rendered(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "marked.fwr", (ANN,), source_type=RENDERED):
        pass
    with RecordingReader(tmp_path / "marked.fwr") as reader:
        assert reader.source_type == RENDERED
    _write(tmp_path / "unmarked.fwr")
    with RecordingReader(tmp_path / "unmarked.fwr") as reader:
        assert reader.source_type == ""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(
    st.lists(
        st.builds(
            Record,
            st.integers(1, 255),
            st.sampled_from([RecordKind.BUNDLE, RecordKind.KEYFRAME, RecordKind.VOICE]),
            st.integers(0, 5000) | st.integers(0, 2**32 - 1),
            st.binary(max_size=300),
        )
    )
)
def test_any_records_come_back(tmp_path: Path, records: list[Record]) -> None:
    """They come in their order, but for those of one chunk, which come in the order of their times."""
    path = tmp_path / "any.fwr"
    with RecordingWriter(path) as writer:
        _add(writer, records)
    in_time = sorted(records, key=lambda record: record.time_ms)
    with RecordingWriter(tmp_path / "sorted.fwr") as writer:
        _add(writer, in_time)
    assert _read(tmp_path / "sorted.fwr") == in_time
    assert sorted(_read(path), key=repr) == sorted(records, key=repr)


def test_a_record_costs_four_bytes_and_a_chunk_sixteen(tmp_path: Path) -> None:
    path = tmp_path / "call.fwr"
    bundles = [record for record in _talk(600) if record.kind is RecordKind.BUNDLE]
    with RecordingWriter(path) as writer:
        _add(writer, bundles)
    overhead = path.stat().st_size - sum(len(record.payload) for record in bundles)
    assert overhead <= 4 * len(bundles) + 16 * 600
    assert overhead * 8 / 600 < 400, "bit/s at 8.3 bundles a second"


def test_a_crash_loses_no_more_than_the_open_chunk(tmp_path: Path) -> None:
    records = _talk(10)
    writer = RecordingWriter(tmp_path / "call.fwr")
    for count, record in enumerate(records, 1):
        _add(writer, [record])
        if count % 20 == 0:
            read = _read(tmp_path / "call.fwr")
            assert read == records[: len(read)]
            assert record.time_ms - (read[-1].time_ms if read else 0) <= 1060
    writer.flush()
    assert _read(tmp_path / "call.fwr") == records
    writer.close()
    writer.close()


def test_what_comes_late_is_put_in_order_within_a_second(tmp_path: Path) -> None:
    first, late, last = (Record(1, RecordKind.VOICE, time_ms, b"opus") for time_ms in (5000, 4700, 5100))
    with RecordingWriter(tmp_path / "call.fwr") as writer:
        _add(writer, [first, late, last])
        _add(writer, [replace(late, time_ms=2000)])
    assert [record.time_ms for record in _read(tmp_path / "call.fwr")] == [4700, 5000, 5100, 2000]


def test_every_cut_is_read_up_to_the_last_whole_chunk(tmp_path: Path) -> None:
    data = _write(tmp_path / "call.fwr")
    whole = _read(tmp_path / "call.fwr")
    seen = set()
    for length in range(len(data) + 1):
        if length < 4:
            with pytest.raises(FormatError, match="is no recording"):
                RecordingReader(BytesIO(data[:length]))
            continue
        with RecordingReader(BytesIO(data[:length])) as reader:
            records = list(reader.records())
        assert records == whole[: len(records)]
        seen.add(len(records))
        if reader.damage is not None:
            assert reader.damage.offset <= length
            assert "ends" in reader.damage.reason
    assert seen == {0, 4, 5}, "nothing, the first second, all"


def test_every_flipped_byte_costs_its_chunk_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "flipped.fwr"
    records = _talk(5)
    with RecordingWriter(path, (ANN,)) as writer:
        _add(writer, records)
    data = path.read_bytes()
    for position in range(4, len(data)):
        flipped = BytesIO(data[:position] + bytes([data[position] ^ 16]) + data[position + 1 :])
        with RecordingReader(flipped) as reader:
            read = list(reader.records())
        assert reader.damage is not None, position
        assert reader.damage.places == 1
        assert reader.damage.offset <= position < reader.damage.offset + reader.damage.lost_bytes
        assert len(read) >= len(records) - 27
        kept = set(read)
        assert [record for record in records if record in kept] == read


def test_reading_goes_on_behind_foreign_bytes_and_missing_ones(tmp_path: Path) -> None:
    path = tmp_path / "call.fwr"
    records = _talk(60)
    with RecordingWriter(path) as writer:
        _add(writer, records)
    data = path.read_bytes()
    path.write_bytes(data[:9000] + bytes(70_000) + data[9000:20_000] + data[23_000:] + b"\xd7\x0e\xc4" * 99)
    with RecordingReader(path) as reader:
        read = list(reader.records())
        assert reader.damage is not None
        assert reader.damage.places == 3
        assert 73_000 < reader.damage.lost_bytes + 3000 < 80_000
        assert str(reader.damage).startswith("a chunk fails its CRC-32 check (at byte ")
    assert len(records) - 27 * 8 < len(read) < len(records)
    assert read == [record for record in records if record in read]


def test_appending_goes_on_where_a_file_ends_or_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "call.fwr"
    for cut in (0, 5, 700):
        with RecordingWriter(path, (ANN,), "2026") as writer:
            _add(writer, _talk(4))
        path.write_bytes(path.read_bytes()[: path.stat().st_size - cut])
        with RecordingReader(path) as reader:
            before = list(reader.records())
        with RecordingWriter(path, (BOB,), append=True) as writer:
            assert writer.end_ms == before[-1].time_ms
            assert writer.participants == {1: ANN, 200: BOB}
            added = _talk(3, 200, writer.end_ms + 60)
            _add(writer, added)
        with RecordingReader(path) as reader:
            records = list(reader.records())
            assert reader.damage is None
            assert (reader.created, reader.participants) == ("2026", {1: ANN, 200: BOB})
        assert [record for record in records if record.kind is not RecordKind.PARTICIPANT] == before + added


def test_appending_keeps_what_lies_behind_damage_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "call.fwr"
    with RecordingWriter(path) as writer:
        _add(writer, _talk(4))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with RecordingWriter(path, append=True) as writer:
        assert writer.end_ms == 3960
        writer.add(1, RecordKind.VOICE, 9000, b"more")
    with RecordingReader(path) as reader:
        assert [record.time_ms for record in reader.records()][-2:] == [3960, 9000]
        assert reader.damage is not None
        assert reader.damage.places == 1


def test_appending_to_nothing_writes_a_new_file_and_to_another_file_nothing(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "new.fwr", (ANN,), append=True) as writer:
        writer.add(1, RecordKind.VOICE, 5, b"opus")
    assert len(_read(tmp_path / "new.fwr")) == 1
    (tmp_path / "film.mp4").write_bytes(b"no recording")
    with pytest.raises(FormatError, match="is no recording"):
        RecordingWriter(tmp_path / "film.mp4", append=True)
    (tmp_path / "torn.fwr").write_bytes(b"FWR\x02\x00")
    with pytest.raises(FormatError, match="write another file"):
        RecordingWriter(tmp_path / "torn.fwr", append=True)
    assert (tmp_path / "film.mp4").read_bytes() == b"no recording"


def test_seeking_finds_the_second_and_the_keyframes_that_it_needs(tmp_path: Path) -> None:
    path = tmp_path / "long.fwr"
    records = _talk(120)
    rare = Record(200, RecordKind.KEYFRAME, 1000, b"\x11\x05rare")
    with RecordingWriter(path, (ANN, BOB)) as writer:
        _add(writer, sorted([*records, rare], key=lambda record: record.time_ms))
    with RecordingReader(path) as reader:
        for time_ms in (0, 999, 7019, 7020, 60_000, 90_500, 1e9):
            needed = reader.seek(time_ms)
            rest = list(reader.records())
            assert reader.damage is None
            start_ms = rest[0].time_ms
            assert time_ms - 1060 < start_ms <= time_ms or time_ms == 1e9
            before = [r for r in [*records, rare] if r.kind is RecordKind.KEYFRAME and r.time_ms < start_ms]
            own = sorted((r for r in before if r.participant == 1), key=lambda r: r.time_ms)[-CACHED_KEYFRAMES:]
            assert [r for r in needed if r.participant == 1] == own
            assert [r for r in needed if r.participant == 200] == [r for r in before if r.participant == 200]
            assert len(rest) == sum(r.time_ms >= start_ms for r in [*records, rare])


def test_seeking_goes_back_to_where_a_chain_of_predicted_keyframes_begins(tmp_path: Path) -> None:
    path = tmp_path / "chains.fwr"
    intra = {0, 3, 20}
    keyframes = [
        Record(1, RecordKind.KEYFRAME, 2000 * number, bytes([0x11 if number in intra else 0x14, number]))
        for number in range(25)
    ]
    with RecordingWriter(path, (ANN,)) as writer:
        _add(writer, keyframes)
    with RecordingReader(path) as reader:
        for first, number in ((0, 2), (0, 14), (3, 15), (3, 19), (3, 24)):
            assert reader.seek(2000 * number) == keyframes[first:number]


def test_seeking_passes_damage(tmp_path: Path) -> None:
    path = tmp_path / "long.fwr"
    with RecordingWriter(path, (ANN,)) as writer:
        _add(writer, _talk(60))
    data = path.read_bytes()
    path.write_bytes(data[:20_000] + bytes(500) + data[20_500:])
    with RecordingReader(path) as reader:
        assert [keyframe.payload[1] for keyframe in reader.seek(50_000)] == list(range(8))
        assert 48_900 < next(reader.records()).time_ms <= 50_000


@pytest.mark.parametrize(
    ("participant", "time_ms", "payload"),
    [(0, 0, b""), (256, 0, b""), (1, -1, b""), (1, 2**32, b""), (1, 0, bytes(65_536))],
)
def test_the_writer_refuses_what_does_not_fit(tmp_path: Path, participant: int, time_ms: int, payload: bytes) -> None:
    with RecordingWriter(tmp_path / "call.fwr") as writer, pytest.raises(FormatError):
        writer.add(participant, RecordKind.BUNDLE, time_ms, payload)
    assert _read(tmp_path / "call.fwr") == []


def test_many_and_large_records_at_one_moment_fit(tmp_path: Path) -> None:
    records = [Record(255, RecordKind.VOICE, 2**32 - 1, b"")] * 9000
    records += [Record(255, RecordKind.KEYFRAME, 2**32 - 1, bytes(65_535))] * 5
    with RecordingWriter(tmp_path / "call.fwr") as writer:
        _add(writer, records)
    assert _read(tmp_path / "call.fwr") == records


def test_errors_name_the_file(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"absent\.fwr"):
        RecordingReader(tmp_path / "absent.fwr")
    (tmp_path / "old.fwr").write_bytes(b"FWR\x01")
    with pytest.raises(FormatError, match="version 1"):
        RecordingReader(tmp_path / "old.fwr")
    with pytest.raises(FormatError, match="cannot write"):
        RecordingWriter(tmp_path / "no" / "folder.fwr")
    with pytest.raises(FormatError, match="cannot read"):
        RecordingReader(tmp_path)


def test_a_full_disk_is_an_error_of_the_format() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(FormatError, match="cannot write the recording /dev/full"):
        RecordingWriter(full)
