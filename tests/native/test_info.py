import json
from pathlib import Path

import pytest

from codec.recording import RecordedParticipant, RecordingReader, RecordingWriter, RecordKind
from codec.recording.summary import summarise
from server.cli import main
from server.demonstration import RECORDING
from tests.native.recordings import recorded


def test_the_parts_of_the_demonstration_add_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(RECORDING), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    (demonstration,) = figures["participants"]
    assert (demonstration["name"], demonstration["kind"]) == ("Demonstration", "file")
    assert demonstration["frames"] == 3 * demonstration["bundles"] == 3 * len(recorded(RecordKind.BUNDLE))
    assert demonstration["frames_per_second"] == 25
    assert demonstration["keyframes"] == 5
    keyframes = recorded(RecordKind.KEYFRAME)
    assert demonstration["mean_keyframe_bytes"] == pytest.approx(sum(map(len, keyframes)) / 5, abs=0.1)
    assert demonstration["voice_packets"] == len(recorded(RecordKind.VOICE))
    assert figures["damage"] is None
    assert figures["created"] == ""
    kbps = figures["kbps"]
    assert kbps["all"] == pytest.approx(sum(kbps[p] for p in ("motion", "keyframes", "sound", "container")), abs=0.01)
    assert kbps["all"] == pytest.approx(RECORDING.stat().st_size * 8 / figures["seconds"] / 1000, abs=0.01)
    assert 0 < kbps["container"] < 0.8, "25 records a second"


def test_a_person_reads_who_is_in_it_and_what_it_costs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "call.fwr"
    bundles = recorded(RecordKind.BUNDLE)
    with RecordingWriter(path, (RecordedParticipant(1, "Ann", "camera"),), "2026-01-02T03:04:05+00:00") as writer:
        for index, bundle in enumerate(bundles[:100]):
            writer.add(1, RecordKind.BUNDLE, 3_600_000 + 120 * index, bundle)
        writer.add(200, RecordKind.BUNDLE, 3_601_000, b"none")
    assert main(["info", str(path)]) == 0
    said = capsys.readouterr().out
    assert f"1:00:11.9 in {path.stat().st_size} bytes" in said
    assert "made 2026-01-02T03:04:05+00:00" in said
    assert "participant 1: Ann, camera, 1:00:00.0 to 1:00:11.9" in said
    assert "frames     300, 25.0 a second, in 100 bundles" in said
    assert "participant 200: somebody unnamed" in said
    assert "broken     1 bundles" in said
    assert "damaged" not in said


def test_damage_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "cut.fwr"
    path.write_bytes(RECORDING.read_bytes()[:50_000])
    assert main(["info", str(path)]) == 0
    assert "damaged: the file ends" in capsys.readouterr().out
    with RecordingReader(path) as reader:
        summary = summarise(reader)
    assert summary.damage is not None
    parts = summary.part_bytes()
    assert sum(parts.values()) + summary.damage.lost_bytes == 50_000
    assert all(size > 0 for size in parts.values())
    path.write_bytes(b"FWR\x02")
    assert main(["info", str(path)]) == 0
    assert "0:00.0 in 4 bytes, 0.00 kbit/s" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent.fwr", "No such file"),
        (".", "Is a directory"),
        ("film.mp4", "is no recording: it begins with b'film', not b'FWR\\x02'; `facewire encode` makes one"),
        ("empty.fwr", "is no recording"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, name: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "film.mp4").write_bytes(b"film")
    (tmp_path / "empty.fwr").write_bytes(b"")
    assert main(["info", str(tmp_path / name)]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
