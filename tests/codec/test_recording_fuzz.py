"""Ten thousand broken recordings: an error of the format or a partial read, quickly, and never anything else."""

import struct
import tracemalloc
import zlib
from functools import cache
from io import BytesIO
from pathlib import Path
from time import perf_counter

import numpy as np

from codec.errors import FormatError
from codec.provenance import RENDERED
from codec.recording import Record, RecordedParticipant, RecordingReader, RecordingWriter
from codec.recording.chunks import CHUNK_HEADER_BYTES, MAGIC, MARKER, MAXIMUM_BODY, Metadata
from codec.recording.summary import summarise
from server.demonstration import RECORDING

FILES = 10_000


@cache
def _original() -> tuple[bytes, list[int]]:
    """Return the first seconds of the demonstration participant, and where their chunks begin."""
    data = RECORDING.read_bytes()
    starts = [data.index(MARKER)]
    while len(starts) < 6:
        starts.append(data.index(MARKER, starts[-1] + 1))
    return data[: starts[-1]], starts[:-1]


@cache
def _known() -> frozenset[Record]:
    with RecordingReader(BytesIO(_original()[0])) as reader:
        return frozenset(reader.records())


def _sealed(start_ms: int, body: bytes) -> bytes:
    """Return a chunk whose checks hold, whatever its body is."""
    checked = MARKER + len(body).to_bytes(3, "big") + start_ms.to_bytes(4, "big")
    check = zlib.crc32(checked)
    return checked + struct.pack(">HI", check & 0xFFFF, zlib.crc32(body, check)) + body


def _accident(random: np.random.Generator) -> bytes:
    """Return a recording that was cut, flipped, spliced, or overwritten; or random bytes."""
    data = bytearray(_original()[0])
    match random.integers(5):
        case 0:
            del data[random.integers(len(data)) :]
        case 1:
            for _ in range(random.integers(1, 30)):
                data[random.integers(len(data))] ^= 1 << random.integers(8)
        case 2:
            start, end, place = random.integers(len(data), size=3)
            data[place:place] = data[min(start, end) : max(start, end)]
        case 3:
            start, end = sorted(random.integers(len(data), size=2))
            data[start:end] = random.bytes(int(random.integers(400)))
        case _:
            data = bytearray(MAGIC * int(random.integers(2)) + random.bytes(int(random.integers(3000))))
    return bytes(data)


def _attack(random: np.random.Generator) -> bytes:
    """Return a recording one of whose chunks somebody changed, its checks made anew."""
    data, starts = _original()
    number = int(random.integers(len(starts)))
    end = starts[number + 1] if number + 1 < len(starts) else len(data)
    body = bytearray(data[starts[number] + CHUNK_HEADER_BYTES : end])
    for _ in range(random.integers(1, 6)):
        body[random.integers(min(len(body), 100))] = random.integers(256)
    del body[len(body) - int(random.integers(2)) * int(random.integers(60)) :]
    return data[: starts[number]] + _sealed(int(random.integers(2**32)), bytes(body)) + data[end:]


def _read(data: bytes, seek_ms: float) -> set[Record] | None:
    """Read a file in all ways; None if it is refused."""
    try:
        reader = RecordingReader(BytesIO(data))
    except FormatError:
        return None
    with reader:
        records = list(reader.records())
        assert 0 <= reader.readable_bytes <= len(data)
        assert (reader.damage.lost_bytes if reader.damage else 0) <= len(data)
        needed = reader.seek(seek_ms)
        assert set(needed) <= set(records)
        rest = list(reader.records())
        assert rest == records[len(records) - len(rest) :]
    parts = summarise(RecordingReader(BytesIO(data))).part_bytes()
    assert min(parts.values()) >= 0
    return set(records)


def test_accidents_and_attacks() -> None:
    random = np.random.default_rng(3)
    began = perf_counter()
    refused = whole = partly = 0
    for number in range(FILES):
        is_attack = number % 4 == 0
        records = _read(_attack(random) if is_attack else _accident(random), float(random.integers(8000)))
        if records is None:
            refused += 1
            continue
        if not is_attack:
            assert records <= _known(), "a check let something pass"
        whole += records >= _known()
        partly += 0 < len(records & _known()) < len(_known())
    assert refused > FILES / 50
    assert partly > FILES / 3
    assert whole < FILES / 3
    assert perf_counter() - began < 60


def test_headers_that_somebody_changed_are_read_or_left_out() -> None:
    """What is wrong in a header costs the metadata and none of the records."""
    random = np.random.default_rng(5)
    header = bytes(Metadata("2026", (RecordedParticipant(7, "Ann", "camera"),), RENDERED))
    packed = header[len(MAGIC) + 2 : -4]
    body = _original()[0][_original()[1][0] :]
    left_out = 0
    for _ in range(2_000):
        changed = bytearray(packed)
        for _ in range(random.integers(1, 4)):
            changed[random.integers(len(changed))] = random.integers(256)
        sealed = MAGIC + struct.pack(">H", len(changed)) + changed + struct.pack(">I", zlib.crc32(changed))
        with RecordingReader(BytesIO(sealed + body)) as reader:
            assert isinstance(reader.source_type, str)
            assert frozenset(reader.records()) == _known()
            left_out += reader.damage is not None
    assert 200 < left_out < 1_800


def test_a_file_that_is_nothing_but_false_chunks_takes_neither_long_nor_much_memory() -> None:
    checked = MARKER + MAXIMUM_BODY.to_bytes(3, "big") + bytes(4)
    header = checked + struct.pack(">HI", zlib.crc32(checked) & 0xFFFF, 0)
    data = BytesIO(_original()[0] + header * 500_000)
    began = perf_counter()
    tracemalloc.start()
    with RecordingReader(data) as reader:
        assert set(reader.records()) == _known()
        assert reader.damage is not None
        assert reader.damage.lost_bytes == 16 * 500_000
        assert len(reader.seek(2_000)) == 5
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3_000_000
    assert perf_counter() - began < 20


def test_appending_to_what_is_broken_gives_what_can_be_read(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    path = tmp_path / "broken.fwr"
    for number in range(150):
        path.write_bytes(_attack(random) if number % 4 == 0 else _accident(random))
        try:
            with RecordingReader(path) as reader:
                before = list(reader.records())
            with RecordingWriter(path, append=True) as writer:
                for record in _known():
                    writer.add(record.participant, record.kind, min(writer.end_ms, 2**32 - 1), record.payload)
        except FormatError:
            continue
        with RecordingReader(path) as reader:
            after = list(reader.records())
        assert after[: len(before)] == before
        assert len(after) == len(before) + len(_known())
