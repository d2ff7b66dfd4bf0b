"""`facewire bench rd`: the candidate, the claims made of its points, and the whole command on the packaged clip."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from codec.animator import Animator
from codec.bench import facewire_candidate, rate_distortion
from codec.bench.clip import Clip, load_clip
from codec.bench.errors import BenchError
from codec.bench.facewire_candidate import CandidateOptions
from codec.bench.metrics import weights
from codec.bench.metrics.judge import Quality
from codec.bench.metrics.landmark_error import compare, track
from codec.bench.rate_distortion import RdOptions
from codec.bench.rd_report import report
from codec.bench.savings import Point
from codec.errors import PictureError
from codec.motion import FloatArray
from server.cli import main
from tests.material import talking_clip

pytestmark = pytest.mark.usefixtures("face_packages")

QUALITY = Quality(0.2, 0.2, 0.2, 25.0, 50.0, 1.0, 1.0, 1.0, 0.0)


@pytest.fixture(scope="session")
def face_packages() -> None:
    pytest.importorskip("mediapipe", reason="the extra `face` is not installed")


@pytest.fixture(scope="module")
def clip() -> Clip:
    return Clip("carphone", load_clip(talking_clip()).pictures[:75])


@pytest.fixture(scope="module")
def landmarks(clip: Clip) -> list[FloatArray | None]:
    return track(clip.pictures, 1)


def test_every_picture_shows_its_own_frame(clip: Clip, landmarks: list[FloatArray | None]) -> None:
    coded = facewire_candidate.code(clip, landmarks, 12, Animator(provider="cpu"))
    assert coded.pictures.shape == clip.pictures.shape
    assert 2 < coded.kbps < 40
    shown = track(coded.pictures, 1)
    errors = {shift: compare(shown[10:60], landmarks[10 + shift : 60 + shift], 256).all_px for shift in (-2, 0, 2)}
    assert errors[0] < min(errors[-2], errors[2])
    assert errors[0] < 3


def test_one_keyframe_costs_less_than_many(clip: Clip, landmarks: list[FloatArray | None]) -> None:
    animator = Animator(provider="cpu")
    eager = CandidateOptions(keyframe_px=1.0)
    many = facewire_candidate.code(clip, landmarks, 24, animator, eager)
    one = facewire_candidate.code(clip, landmarks, 24, animator, replace(eager, one_keyframe=True))
    assert one.payload_bytes < many.payload_bytes
    assert one.codec == "facewire live, one keyframe, 1 px"


def test_a_clip_without_a_face_is_refused() -> None:
    grey = Clip("grey", np.full((5, 256, 256, 3), 128, np.uint8))
    with pytest.raises(PictureError, match="no face"):
        facewire_candidate.code(grey, [None] * 5, 8, Animator(provider="cpu"))


def test_the_better_vvc_is_the_anchor_of_the_claim() -> None:
    points = []
    for codec, kbps, lpips in (
        *(("facewire live", 4.0, 0.2), ("facewire live", 8.0, 0.1)),
        *(("vvc", 20.0, 0.2), ("vvc", 40.0, 0.1)),
        *(("vvc12", 8.0, 0.2), ("vvc12", 16.0, 0.1)),
    ):
        points.append(Point("a", codec, "", kbps, replace(QUALITY, lpips=lpips)))
    made = report(points, "facewire live", [])
    assert made.figures["bd_rate_lpips_vvc_pct"] == -80
    assert made.figures["bd_rate_lpips_best_vvc_pct"] == pytest.approx(-50, abs=1)
    assert made.figures["lpips_at_8_kbps"] == pytest.approx(0.1)
    assert made.figures["lpips_at_8_kbps_best_vvc"] == pytest.approx(0.2)
    assert made.figures["clips_lost_on_lpips_to_best_vvc"] == "none"
    assert made.figures["bd_rate_dists_vvc_pct"] is None, "equal everywhere: there is no curve"
    assert "(0.100…0.200)" in made.text()


def test_unknown_rivals_and_missing_clips_are_named(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="vp8"):
        rate_distortion.run([talking_clip()], RdOptions(against=("vp8",)))
    with pytest.raises(BenchError, match="at least 2"):
        rate_distortion.run([talking_clip()], RdOptions(points=1))
    with pytest.raises(BenchError, match="0 seconds"):
        rate_distortion.run([talking_clip()], RdOptions(longest_s=0))
    with pytest.raises(BenchError, match="name one"):
        rate_distortion.run([talking_clip()], RdOptions(against=(), strip=tmp_path / "strip.png"))
    with pytest.raises(BenchError, match=r"no \.mp4 clip"):
        rate_distortion.run([tmp_path], RdOptions())
    with pytest.raises(BenchError, match=r"absent\.mp4 is no file"):
        rate_distortion.run([tmp_path / "absent.mp4"], RdOptions())


def test_the_command_measures_a_clip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("imageio_ffmpeg", reason="the extra `bench` is not installed: no rival encoders")
    if not (Path(weights.__file__).parents[3] / "build/models/metrics/dists.pt").is_file():
        pytest.skip("no weights of the metrics: run `make metrics`")
    files = [tmp_path / name for name in ("rd.json", "curves.png", "strip.png")]
    arguments = ["bench", "rd", str(talking_clip()), "--against", "x264", "--points", "2", "--seconds", "0.6"]
    outputs = ["--json", str(files[0]), "--plot", str(files[1]), "--strip", str(files[2])]
    assert main([*arguments, *outputs, "--cache", str(tmp_path / "cache")]) == 0
    assert "bd_rate_lpips_x264_pct" in capsys.readouterr().out
    written = json.loads(files[0].read_text())
    assert {point["codec"] for point in written["details"]["points"]} == {"facewire live", "x264"}
    assert all(file.read_bytes()[:4] == b"\x89PNG" for file in files[1:])
