from pathlib import Path

import numpy as np
import pytest

from server.native.errors import DeviceError
from server.native.media_file import MediaFile
from tests.native.films import RATE, talking_film, write_film


def _corners(width: int, height: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return a grey picture whose upper left corner is red."""
    picture = np.full((height, width, 3), 128, np.uint8)
    picture[: height // 2, : width // 2] = (255, 0, 0)
    return picture


@pytest.mark.parametrize(
    ("fps", "kept", "step_ms"), [(50, 25, 40), (30, 25, 40), (25, 25, 40), (24, 24, 1000 / 24), (10, 10, 100)]
)
def test_rates_are_brought_to_25_or_kept(tmp_path: Path, fps: float, kept: int, step_ms: float) -> None:
    media = MediaFile(talking_film(tmp_path / "film.mp4", 2, fps))
    times = [captured.time_ms for captured in media.pictures()]
    assert len(times) == pytest.approx(2 * kept, abs=1)
    assert np.diff(times) == pytest.approx(step_ms, abs=1.1)
    assert times[0] == 0
    assert media.duration_s == pytest.approx(2, abs=0.1)
    assert media.created == "2026-01-02T03:04:05+00:00"
    assert not media.has_sound
    assert media.broken == 0
    assert list(media.sound(960)) == []


def test_a_variable_rate_keeps_its_times(tmp_path: Path) -> None:
    times_ms = [0, 40, 120, 130, 400, 1000, 1040]
    media = MediaFile(write_film(tmp_path / "film.mp4", [_corners(64, 64)] * 7, times_ms))
    assert [captured.time_ms for captured in media.pictures()] == [0, 40, 120, 400, 1000, 1040]


@pytest.mark.parametrize(("rotation", "corner"), [(0, (0, 0)), (90, (1, 0)), (180, (1, 1)), (-90, (0, 1))])
def test_a_film_on_its_side_is_put_upright(tmp_path: Path, rotation: int, corner: tuple[int, int]) -> None:
    """The rotation is counterclockwise: the red corner moves down, then right, then up."""
    path = write_film(tmp_path / "film.mp4", [_corners(96, 64)] * 3, [0, 40, 80], rotation=rotation)
    media = MediaFile(path)
    picture = next(media.pictures()).picture
    assert media.size == picture.shape[1::-1] == ((64, 96) if rotation % 180 else (96, 64))
    rows, columns = picture.shape[0] // 2, picture.shape[1] // 2
    quarters = {
        (row, column): picture[row * rows + 8 : row * rows + 24, column * columns + 8 : column * columns + 24]
        for row in (0, 1)
        for column in (0, 1)
    }
    assert max(quarters, key=lambda place: float(quarters[place][..., 0].mean() - quarters[place][..., 1].mean())) == (
        corner
    )


@pytest.mark.parametrize(
    ("width", "height", "seen"), [(101, 67, (101, 67)), (2560, 1440, (1280, 720)), (16, 16, (16, 16))]
)
def test_odd_and_large_sizes(tmp_path: Path, width: int, height: int, seen: tuple[int, int]) -> None:
    path = write_film(tmp_path / "film.mkv", [_corners(width, height)] * 2, [0, 40], lossless=True)
    media = MediaFile(path)
    assert media.size == (width, height)
    assert next(media.pictures()).picture.shape == (seen[1], seen[0], 3)


def test_sound_stands_where_the_file_has_it(tmp_path: Path) -> None:
    media = MediaFile(talking_film(tmp_path / "film.mp4", 3, tone_hz=440))
    assert media.has_sound
    chunks = list(media.sound(2880))
    assert {chunk.size for chunk in chunks} == {2880}
    samples = np.concatenate(chunks)
    assert samples.size / RATE == pytest.approx(3, abs=0.1)
    for second in range(3):
        loud, quiet = (samples[round((second + part) * RATE) :][: RATE // 5] for part in (0.3, 0.75))
        assert np.abs(loud).max() > 5000
        assert np.abs(quiet).max() < 200


def test_what_is_cut_is_read_up_to_there(tmp_path: Path) -> None:
    path = talking_film(tmp_path / "film.ts", 3, tone_hz=440)
    data = bytearray(path.read_bytes())
    data[len(data) // 3 : len(data) // 3 + 4000] = bytes(4000)
    path.write_bytes(data[: len(data) * 2 // 3])
    media = MediaFile(path)
    times = [captured.time_ms for captured in media.pictures()]
    assert 20 < len(times) < 75
    assert np.diff(times).min() > 0
    assert list(media.sound(2880))


@pytest.mark.parametrize(
    ("name", "message"), [("text.mp4", "cannot read"), ("absent.mp4", "cannot read"), ("tone.wav", "only sound")]
)
def test_what_is_no_video_is_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "text.mp4").write_text("no film" * 100)
    tone = np.zeros(8000, "<i2").tobytes()
    header = (
        b"RIFF"
        + (36 + len(tone)).to_bytes(4, "little")
        + b"WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0"
    )
    (tmp_path / "tone.wav").write_bytes(header + b"data" + len(tone).to_bytes(4, "little") + tone)
    with pytest.raises(DeviceError, match=message):
        MediaFile(tmp_path / name)
