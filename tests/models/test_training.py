"""Training from end to end on made-up people: cache, train, resume, export, draw; and what carries it elsewhere."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'facewire[train]'")

from codec.animator import Animator as Graphs  # noqa: E402
from models.augmentation import mirrored_points  # noqa: E402
from models.checkpoint import load_animator, load_checkpoint, load_restorer, save_checkpoint  # noqa: E402
from models.clip_cache import CachedClip, read_clips, split, write_clip  # noqa: E402
from models.dataset import TrainingSet  # noqa: E402
from models.errors import TrainingDataError, TrainingSettingsError  # noqa: E402
from models.export import export  # noqa: E402
from models.networks.restorer import Restorer  # noqa: E402
from models.networks.windows import Window  # noqa: E402
from models.pack import pack_clip  # noqa: E402
from models.prepare import cache_clip  # noqa: E402
from models.restore import restore_cache  # noqa: E402
from models.restored_warp import write_restored_warp  # noqa: E402
from models.settings import TrainingSettings, read_restorer_settings, read_settings  # noqa: E402
from models.train import TimeLimits, run  # noqa: E402
from models.train_restorer import RestorerTrainer  # noqa: E402
from models.train_restorer import run as train_restorer  # noqa: E402
from models.trainer import Trainer, draw  # noqa: E402
from models.unpack import unpack_clip  # noqa: E402
from tests.models.synthetic import clip  # noqa: E402

_CPU = torch.device("cpu")
_CONFIGS = Path(__file__).resolve().parents[2] / "models/configs"
_STEPS = 12


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    for seed in range(3):
        write_clip(folder, cache_clip(clip(f"person{seed}", 30, seed)))
    return folder


@pytest.fixture(scope="module")
def clips(cache: Path) -> list[CachedClip]:
    return read_clips(cache)


def _settings() -> TrainingSettings:
    """Return pocket's settings, shortened, with every loss that needs no weights of other networks."""
    settings = read_settings(_CONFIGS / "pocket.toml")
    loss = replace(
        settings.loss, lpips_alex=0.0, temporal=0.5, adversarial=0.01, feature_matching=0.1, adversarial_from=0.5
    )
    return replace(settings, loss=loss, schedule=replace(settings.schedule, steps=_STEPS, batch=2, window_cells=16))


def test_the_cache_holds_what_a_receiver_has(clips: list[CachedClip]) -> None:
    assert [c.name for c in clips] == ["person0", "person1", "person2"]
    for c in clips:
        assert c.frames.shape == (30, 256, 256, 3)
        assert c.auxiliary.shape == (3, 15, 64, 64, 3)
        # Two chains of keyframes, each of one quality.
        assert len(c.keyframes) == len(c.keyframe_numbers) == len(c.keyframe_crfs) == 6
        assert list(c.keyframe_numbers) == 2 * [0, 10, 20]
        assert len(set(c.keyframe_crfs)) == 2
        # Pixels at 256²: quantised motion stays near what was tracked.
        assert np.abs(c.landmarks - c.tracked)[..., :2].mean() * 128 < 1.5
        assert (np.diff(c.auxiliary_kbps) < 0).all()
        coded = np.abs(c.keyframes.astype(int) - c.frames[c.keyframe_numbers]).mean()
        assert 0 < coded < 8


def test_nobody_is_in_both_splits(clips: list[CachedClip]) -> None:
    people = [replace(clips[0], identity=f"somebody{number}") for number in range(200)]
    training, validation = split(people)
    assert len(training) + len(validation) == 200
    assert 5 < len(validation) < 40
    assert not {c.identity for c in training} & {c.identity for c in validation}


def test_untrained_networks_draw_the_warp(clips: list[CachedClip]) -> None:
    from models.networks.animator import Animator
    from models.warp import animate_graph

    ort = pytest.importorskip("onnxruntime")
    settings = read_settings(_CONFIGS / "pocket.toml")
    sampling = replace(settings.sampling, second_keyframe_share=0.0)
    batch = TrainingSet(clips, sampling, _CPU).batch(2, in_pairs=False)
    with torch.no_grad():
        drawn = draw(Animator(settings.network).eval(), batch, Window()).picture.numpy()
    session = ort.InferenceSession(animate_graph().SerializeToString(), providers=["CPUExecutionProvider"])
    inputs = {value.name: np.zeros((2, *value.shape[1:]), np.float32) for value in session.get_inputs()}
    for name in ("picture_a", "picture_b", "landmarks_a", "landmarks_b", "landmarks"):
        inputs[name] = getattr(batch, name).numpy()
    warped = session.run(None, inputs)[0]
    # Single pixels at hard edges answer to the last bit of a flow, and 0.7 % of the picture is held to be occluded.
    assert np.abs(drawn - warped).mean() < 5e-4
    assert (np.abs(drawn - warped) > 0.02).mean() < 1e-3


def test_training_resumes_and_its_export_agrees_with_torch(clips: list[CachedClip], tmp_path: Path) -> None:
    settings = _settings()
    torch.manual_seed(0)
    half = replace(settings, schedule=replace(settings.schedule, steps=_STEPS // 2))
    trainer = Trainer(half, TrainingSet(clips, settings.sampling, _CPU), _CPU)
    run(trainer, tmp_path, TimeLimits(5), with_optimisers=True)
    assert trainer.step == _STEPS // 2
    resumed = Trainer(settings, TrainingSet(clips, settings.sampling, _CPU), _CPU)
    resumed.resume(load_checkpoint(tmp_path / "checkpoint.pt", _CPU))
    run(resumed, tmp_path, TimeLimits(5), with_optimisers=True)
    assert resumed.step == _STEPS
    assert resumed.discriminator is not None
    assert (tmp_path / f"strips/{_STEPS:07}.png").is_file()
    assert (tmp_path / "averaged.pt").stat().st_size < (tmp_path / "checkpoint.pt").stat().st_size

    animator = load_animator(tmp_path / "averaged.pt", _CPU)
    export(animator, tmp_path / "weights")
    graphs = Graphs(tmp_path / "weights", "cpu")
    assert (graphs.name, graphs.side) == ("pocket", 256)
    assert sum(path.stat().st_size for path in (tmp_path / "weights").iterdir()) < 4e6
    batch = TrainingSet(clips, settings.sampling, _CPU, seed=1).batch(3, in_pairs=False)
    with torch.no_grad():
        wanted = draw(animator, batch, Window())
    session = graphs._animate
    features = {
        key: graphs._keyframe.run(
            None,
            {
                "picture": getattr(batch, f"picture_{key}").numpy(),
                "landmarks": getattr(batch, f"landmarks_{key}").numpy(),
            },
        )[0]
        for key in "ab"
    }
    inputs = {value.name: np.zeros((3, *value.shape[1:]), np.float32) for value in session.get_inputs()}
    for name in ("picture_a", "picture_b", "landmarks_a", "landmarks_b", "valid_b", "landmarks"):
        inputs[name] = getattr(batch, name).numpy()
    inputs |= {"auxiliary": batch.auxiliary.numpy(), "valid_auxiliary": batch.valid_auxiliary.numpy()}
    inputs |= {"features_a": features["a"], "features_b": features["b"]}
    drawn = session.run(None, inputs)[0]
    assert np.abs(drawn - wanted.picture.numpy()).max() < 2e-3


def test_a_restorer_is_trained_kept_and_exported(clips: list[CachedClip], tmp_path: Path) -> None:
    network, training = read_restorer_settings(_CONFIGS / "restorer.toml")
    training = replace(training, perceptual=0.0, steps=30, batch=2, window_side=64, averaging=0.5)
    torch.manual_seed(0)
    trainer = RestorerTrainer(Restorer(network), training, clips)
    first = trainer.train_step(0)["l1"]
    train_restorer(trainer, training, tmp_path, minutes=5)
    assert trainer.step == training.steps
    restorer = load_restorer(tmp_path / "restorer.pt")
    coded, original = clips[0].keyframes[-1], clips[0].frames[clips[0].keyframe_numbers[-1]]
    planes = torch.from_numpy(np.array(coded)).permute(2, 0, 1)[None].float() / 255
    restored = restorer(planes)[0].permute(1, 2, 0).detach().numpy() * 255
    assert np.abs(restored - original).mean() < np.abs(coded.astype(float) - original).mean()
    assert first > 0

    write_restored_warp(restorer, tmp_path / "weights")
    cached = Graphs(tmp_path / "weights", "cpu").cache_keyframe(coded, np.asarray(clips[0].landmarks[0], np.float64))
    assert np.abs(cached.picture[0].transpose(1, 2, 0) * 255 - restored).max() < 0.5


def test_a_cache_with_restored_keyframes_differs_in_nothing_else(cache: Path, tmp_path: Path) -> None:
    network, _ = read_restorer_settings(_CONFIGS / "restorer.toml")
    restorer = Restorer(network)
    torch.nn.init.constant_(restorer.finish.bias, 0.1)
    restore_cache(cache, restorer, tmp_path)
    restore_cache(cache, restorer, tmp_path)
    for before, after in zip(read_clips(cache), read_clips(tmp_path), strict=True):
        assert (after.name, after.identity) == (before.name, before.identity)
        assert (after.frames == before.frames).all()
        assert (after.motion == before.motion).all()
        difference = after.keyframes.astype(int) - before.keyframes
        assert 24 < np.median(difference) < 27


def test_an_untrained_restorer_changes_nothing() -> None:
    network, _ = read_restorer_settings(_CONFIGS / "restorer.toml")
    picture = torch.rand(1, 3, 64, 64)
    assert torch.equal(Restorer(network)(picture), picture)


def test_a_checkpoint_of_another_network_is_refused(clips: list[CachedClip], tmp_path: Path) -> None:
    settings = _settings()
    trainer = Trainer(settings, TrainingSet(clips, settings.sampling, _CPU), _CPU)
    checkpoint = trainer.checkpoint(0, with_optimisers=False)
    other = replace(checkpoint, network=replace(checkpoint.network, detail_channels=16))
    with pytest.raises(TrainingSettingsError, match="detail_channels=16"):
        trainer.resume(other)
    broken = tmp_path / "broken.pt"
    broken.write_bytes(b"nothing")
    with pytest.raises(TrainingSettingsError, match=r"broken\.pt"):
        load_checkpoint(broken, _CPU)
    save_checkpoint(tmp_path / "animator.pt", checkpoint)
    with pytest.raises(TrainingSettingsError, match="holds no restorer"):
        load_restorer(tmp_path / "animator.pt")


def test_a_pack_becomes_the_same_cache(clips: list[CachedClip], tmp_path: Path) -> None:
    pytest.importorskip("cv2", reason="OpenCV is not installed: pip install 'facewire[face]'")
    pack_clip(clips[0], tmp_path, frame_crf=20)
    unpacked = unpack_clip(tmp_path, clips[0].name)
    assert (unpacked.motion == clips[0].motion).all()
    assert np.abs(unpacked.landmarks - clips[0].landmarks).max() < 1e-6
    for name in ("frames", "keyframes", "auxiliary"):
        before, after = getattr(clips[0], name).astype(int), getattr(unpacked, name).astype(int)
        assert before.shape == after.shape
        assert np.abs(before - after).mean() < 6
    (tmp_path / f"{clips[0].name}.frames.mp4").write_bytes(b"")
    with pytest.raises(TrainingDataError, match=r"frames\.mp4"):
        unpack_clip(tmp_path, clips[0].name)


def test_training_needs_clips() -> None:
    with pytest.raises(TrainingDataError, match="prepare"):
        TrainingSet([], _settings().sampling, _CPU)


def test_mirroring_twice_gives_every_landmark_back() -> None:
    opposite = mirrored_points()
    assert (opposite[opposite] == torch.arange(478)).all()
    assert int(opposite[33]) == 263
    # Two landmarks lie on each corner of the mouth, less than a pixel apart.
    assert int(opposite[61]) in (291, 306)
