"""Ordinary codecs through ffmpeg, on ten frames of the packaged clip."""

from pathlib import Path

import numpy as np
import pytest

from codec.bench import ffmpeg, rivals
from codec.bench.cache import Cache
from codec.bench.clip import EXTENDED_S, FPS, Clip, forth_and_back, load_clip, luma, to_planes
from codec.bench.errors import BenchError
from codec.bench.metrics.psnr import psnr_y
from codec.bench.metrics.vmaf import vmaf
from codec.bench.rivals import RIVALS
from codec.errors import PictureError
from tests.material import talking_clip

needs_ffmpeg = pytest.mark.usefixtures("external_ffmpeg")


@pytest.fixture
def external_ffmpeg() -> None:
    pytest.importorskip("imageio_ffmpeg", reason="the extra `bench` is not installed: no rival encoders")


@pytest.fixture(scope="module")
def clip() -> Clip:
    return Clip("carphone", load_clip(talking_clip(), side=128).pictures[:10])


@needs_ffmpeg
@pytest.mark.parametrize("name", RIVALS)
def test_a_finer_quantiser_costs_more_and_shows_more(name: str, clip: Clip, tmp_path: Path) -> None:
    rival, cache = RIVALS[name], Cache(tmp_path)
    coarse, fine = (rivals.code(clip, rival, quality, cache) for quality in (rival.coarsest, rival.finest))
    assert coarse.pictures.shape == fine.pictures.shape == clip.pictures.shape
    assert 0 < coarse.kbps < fine.kbps
    assert _psnr(coarse.pictures, clip) < _psnr(fine.pictures, clip)


@needs_ffmpeg
def test_half_the_frames_are_shown_twice(clip: Clip, tmp_path: Path) -> None:
    coded = rivals.code(clip, RIVALS["vvc12"], 40, Cache(tmp_path))
    assert np.array_equal(coded.pictures[::2], coded.pictures[1::2])
    assert not np.array_equal(coded.pictures[0], coded.pictures[2])


@needs_ffmpeg
def test_what_was_coded_once_is_not_coded_again(clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rival = RIVALS["x264"]
    first = rivals.bitstream(clip, rival, 40, Cache(tmp_path))

    def refuse(*_: object) -> bytes:
        raise AssertionError("coded again")

    monkeypatch.setattr(ffmpeg, "run", refuse)
    assert rivals.bitstream(clip, rival, 40, Cache(tmp_path)) == first
    with pytest.raises(AssertionError, match="coded again"):
        rivals.bitstream(clip, rival, 41, Cache(tmp_path))


@needs_ffmpeg
def test_a_rate_is_met_from_below(clip: Clip, tmp_path: Path) -> None:
    rival, cache = RIVALS["x265"], Cache(tmp_path)
    wanted_kbps = rivals.code(clip, rival, 36, cache).kbps
    near = rivals.code_near(clip, rival, wanted_kbps, cache)
    assert wanted_kbps * 0.8 < near.kbps <= wanted_kbps


@needs_ffmpeg
def test_ffmpeg_that_fails_says_why() -> None:
    with pytest.raises(BenchError, match=r"no-such-file"):
        ffmpeg.run(["-i", "no-such-file.mp4", "-f", "null", "-"])


@needs_ffmpeg
def test_vmaf_sees_damage(clip: Clip) -> None:
    planes = clip.planes
    noise = np.random.default_rng(1).integers(0, 60, len(planes), np.uint8)
    damaged = np.clip(np.frombuffer(planes, np.uint8).astype(int) + noise - 30, 0, 255).astype(np.uint8).tobytes()
    assert vmaf(planes, planes, clip.side, 1) > vmaf(damaged, planes, clip.side, 1) + 10


def test_a_short_clip_is_played_forth_and_back() -> None:
    frames = np.arange(30, dtype=np.uint8).reshape(30, 1, 1, 1)
    played = forth_and_back(frames)
    assert len(played) == EXTENDED_S * FPS
    order = played.reshape(-1).astype(int)
    assert np.abs(np.diff(order)).max() == np.abs(np.diff(order)).min() == 1
    assert order.max() == 29
    assert len(forth_and_back(np.zeros((8 * FPS, 1, 1, 3), np.uint8))) == 8 * FPS


def test_a_clip_at_another_rate_is_shown_at_25_a_second() -> None:
    pictures = load_clip(talking_clip(), side=64).pictures
    # 120 frames at 29.97 a second are 4 s: 100 frames at 25, forth and back to 12 s.
    assert pictures.shape == (EXTENDED_S * FPS, 64, 64, 3)
    assert np.array_equal(pictures[98], pictures[100])


def test_a_file_that_is_no_video_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.mp4"
    path.write_text("no video")
    with pytest.raises(PictureError, match=r"text\.mp4"):
        load_clip(path)


def test_luma_is_the_first_plane(clip: Clip) -> None:
    assert luma(clip.planes, clip.side).shape == clip.pictures.shape[:3]


def _psnr(pictures: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], clip: Clip) -> float:
    return psnr_y(to_planes(pictures), clip.planes, clip.side)
