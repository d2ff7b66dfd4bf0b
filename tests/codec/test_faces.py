"""From pictures to pictures: a portrait and a talking clip through encoder and decoder."""

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from codec.animator import Animator
from codec.bundle import Bundle, BundleHeader, Frame, Mode, encode_bundle
from codec.bundle_writer import BundleWriter, Reference
from codec.decoder import FaceDecoder, FaceState
from codec.encoder import FaceEncoder, resize
from codec.errors import ModelFileError, PictureError, WireError
from codec.file_encoder import CodingMode, FileEncoder, FileSettings
from codec.intra_picture import PictureCodec, decode_picture, encode_av1
from codec.keyframes import Keyframe
from codec.landmarks import LandmarkTracker
from codec.model_files import weights_folder
from codec.motion import EYES, LIPS, FloatArray, motion_model, rotation_matrix, rotation_vector
from codec.picture_stream import PictureStreamEncoder
from codec.recording import RecordKind
from codec.settings import EncoderSettings
from tests.material import portrait, talking_frames

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def animator() -> Animator:
    """Draws from keyframes as they were coded: these tests judge the codec."""
    return Animator(weights_folder("warp"), "cpu")


@pytest.fixture(scope="module")
def talking() -> list[tuple[Picture, FloatArray | None]]:
    with LandmarkTracker() as tracker:
        return [(f, tracker.track(f, i * 40)) for i, f in enumerate(talking_frames(75))]


def _psnr(a: Picture, b: Picture) -> float:
    return float(10 * np.log10(255**2 / max(1e-9, float(np.mean((a.astype(float) - b) ** 2)))))


def test_no_face_is_said_and_a_face_is_found() -> None:
    with LandmarkTracker() as tracker:
        assert tracker.track(np.full((240, 320, 3), 90, np.uint8), 0) is None
        landmarks = tracker.track(portrait(), 0)
        assert landmarks is not None
        assert landmarks.shape == (478, 3)
        nose = landmarks[1, :2]
        assert 180 < nose[0] < 270
        assert 80 < nose[1] < 180
        with pytest.raises(PictureError, match="uint8"):
            tracker.track(np.zeros((4, 4), np.uint8), 1)


def test_a_wrong_landmark_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.task").write_bytes(b"not it")
    monkeypatch.setenv("FACEWIRE_LANDMARKER", str(tmp_path / "other.task"))
    with pytest.raises(ModelFileError, match="SHA-256"):
        LandmarkTracker()
    monkeypatch.setenv("FACEWIRE_LANDMARKER", str(tmp_path / "missing.task"))
    with pytest.raises(ModelFileError, match="make setup"):
        LandmarkTracker()


def test_motion_rebuilds_the_landmarks(talking: list[tuple[Picture, FloatArray | None]]) -> None:
    model = motion_model()
    faces = [(landmarks - (88, 72, 0)) / 72 for _, landmarks in talking if landmarks is not None]
    assert len(faces) == len(talking)
    shape = model.fit_shape(faces[0])
    motions = [tuple(np.rint(model.fit(shape, face))) for face in faces]
    errors = np.array(
        [np.linalg.norm((model.landmarks(shape, m) - f)[:, :2], axis=1) for m, f in zip(motions, faces, strict=True)]
    )
    width = np.mean([np.ptp(face[:468, 0]) for face in faces])
    assert errors.mean() < 0.012 * width
    assert errors[:, list(LIPS)].mean() < 0.012 * width
    assert errors[:, list(EYES)].mean() < 0.012 * width


def test_rotation_vectors_and_matrices_are_inverse() -> None:
    for vector in ([0, 0, 0], [0.3, -1.2, 0.4], [0, 3.0, 0]):
        rotation = rotation_matrix(np.array(vector, float))
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
        np.testing.assert_allclose(rotation_vector(rotation), vector, atol=1e-9)


def test_a_keyframe_picture_survives_coding() -> None:
    picture = resize(portrait()[:256, 96:352], 256)
    data = encode_av1(picture, 36)
    assert 1500 < len(data) < 6000
    assert _psnr(decode_picture(PictureCodec.AV1, data, 256), picture) > 32
    with pytest.raises(PictureError, match="header says"):
        decode_picture(PictureCodec.AV1, data, 128)
    for broken in (b"", data[:100], bytes(reversed(data))):
        with pytest.raises(PictureError):
            decode_picture(PictureCodec.AV1, broken, 256)
    with pytest.raises(PictureError, match="side"):
        encode_av1(np.zeros((8, 16, 3), np.uint8), 30)


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="this system has no scheduling policies to ask for")
def test_coding_a_keyframe_leaves_the_scheduling_alone() -> None:
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    encode_av1(np.zeros((64, 64, 3), np.uint8), 50)
    assert (os.sched_getscheduler(0), os.sched_getparam(0)) == before


def test_a_talking_face_arrives(talking: list[tuple[Picture, FloatArray | None]], animator: Animator) -> None:
    encoder, decoder = FaceEncoder(), FaceDecoder(animator)
    shown: list[Picture] = []
    wire_bytes = 0
    assert decoder.show(0).state is FaceState.WAITING
    for index, (picture, landmarks) in enumerate(talking):
        encoded = encoder.encode(picture, landmarks, index * 40, voice_active=index > 30)
        if encoded.keyframe:
            decoder.add_keyframe(encoded.keyframe)
        for bundle in encoded.bundles:
            wire_bytes += len(bundle)
            decoder.add_bundle(bundle, index * 40 + 100)
        # Pictures are shown 180 ms after they were taken: bundle, path, and no jitter.
        if index % 3 == 2 and index >= 8:
            now = decoder.show(index * 40 + 100)
            assert now.state is FaceState.LIVE
            assert now.picture is not None
            shown.append(now.picture)
    assert decoder.voice_active
    assert decoder.take_missing() == set()
    assert wire_bytes * 8 / 3 < 2500, "bits a second of bundles"
    crop = encoder.crop
    assert crop is not None
    with LandmarkTracker() as tracker:
        errors = []
        for position, picture in enumerate(shown):
            found = tracker.track(picture, position * 120)
            assert found is not None
            _, source = talking[8 + 3 * position - 2]
            assert source is not None
            wanted = crop.to_crop_units(source)
            errors.append(np.linalg.norm((found - (128, 128, 0)) / 128 - wanted, axis=1).mean())
    width = np.ptp(wanted[:468, 0])
    assert np.mean(errors) < 0.05 * width


def test_a_missing_keyframe_is_asked_for_and_the_picture_held(
    talking: list[tuple[Picture, FloatArray | None]], animator: Animator
) -> None:
    encoder, decoder = FaceEncoder(), FaceDecoder(animator)
    kept: list[bytes] = []
    for index, (picture, landmarks) in enumerate(talking[:12]):
        encoded = encoder.encode(picture, landmarks, index * 40)
        kept += [encoded.keyframe] if encoded.keyframe else []
        for bundle in encoded.bundles:
            decoder.add_bundle(bundle, index * 40)
    assert decoder.show(480).state is FaceState.WAITING
    missing = decoder.take_missing()
    assert missing == {kept[0][1]}
    assert encoder.keyframes_since(missing.pop()) == kept[:1]
    with pytest.raises(WireError):
        decoder.add_keyframe(kept[0][:20])
    broken = bytearray(kept[0])
    broken[-500:] = bytes(500)
    with pytest.raises(PictureError):
        decoder.add_keyframe(bytes(broken[: len(broken) - 900]))
    decoder.add_keyframe(kept[0])
    for index, (picture, landmarks) in enumerate(talking[12:24], 12):
        encoded = encoder.encode(picture, landmarks, index * 40)
        for bundle in encoded.bundles:
            decoder.add_bundle(bundle, index * 40)
    live = decoder.show(24 * 40)
    assert live.state is FaceState.LIVE
    held = decoder.show(24 * 40 + 5000)
    assert held.state is FaceState.STALE
    assert held.picture is not None


def test_a_lost_face_is_said_and_another_person_starts_over(
    talking: list[tuple[Picture, FloatArray | None]], animator: Animator
) -> None:
    encoder, decoder = FaceEncoder(), FaceDecoder(animator)
    settings = EncoderSettings()
    keyframes = bundles = 0
    states = []
    for index in range(90):
        picture, landmarks = talking[index % len(talking)]
        away = 20 <= index < 70
        encoded = encoder.encode(picture, None if away else landmarks, index * 40)
        if encoded.keyframe:
            keyframes += 1
            decoder.add_keyframe(encoded.keyframe)
        for bundle in encoded.bundles:
            bundles += away
            decoder.add_bundle(bundle, index * 40)
        states.append(decoder.show(index * 40).state)
    assert FaceState.NO_FACE in states[25:70]
    assert states[-1] is FaceState.LIVE
    assert keyframes >= 2, "after an absence of 2 s the old keyframes are not trusted"
    assert bundles <= 50 * 40 / settings.faceless_interval_ms + 5, "an empty chair costs next to nothing"


def test_a_keyframe_of_another_size_is_refused(animator: Animator) -> None:
    picture = encode_av1(resize(portrait(), 128), 50)
    keyframe = Keyframe(0, 0, 128, (0,) * 32, (0,) * 32, PictureCodec.AV1, picture)
    with pytest.raises(PictureError, match="128"):
        FaceDecoder(animator).add_keyframe(bytes(keyframe))


def test_weights_that_break_the_interface_are_refused(tmp_path: Path) -> None:
    import onnx

    from models.warp import animate_graph, keyframe_graph

    good, other = keyframe_graph(), animate_graph()
    (tmp_path / "keyframe.onnx").write_bytes(good.SerializeToString())
    for change, message in (
        (lambda m: m.graph.input.pop(), "valid_speech"),
        (lambda m: onnx.helper.set_model_props(m, {"facewire_interface": "9"}), "'9'"),
    ):
        model = onnx.ModelProto()
        model.CopyFrom(other)
        change(model)
        (tmp_path / "animate.onnx").write_bytes(model.SerializeToString())
        with pytest.raises(ModelFileError, match=message):
            Animator(tmp_path, provider="cpu")
    (tmp_path / "animate.onnx").write_bytes(b"rubbish")
    with pytest.raises(ModelFileError, match="cannot load"):
        Animator(tmp_path, provider="cpu")


def test_the_shipped_warp_is_what_its_program_writes() -> None:
    from models.warp import animate_graph, keyframe_graph

    for name, graph in (("keyframe", keyframe_graph()), ("animate", animate_graph())):
        assert (weights_folder("warp") / f"{name}.onnx").read_bytes() == graph.SerializeToString(deterministic=True)


def test_a_plain_picture_is_shown_as_it_is(animator: Animator) -> None:
    picture = resize(portrait()[:256, 96:352], 256)
    codec, coded = PictureStreamEncoder(256, 30).encode(picture)
    writer, decoder = BundleWriter(120), FaceDecoder(animator)
    decoder.add_keyframe(bytes(Keyframe(9, 0, 256, None, None, codec, coded)))
    bundles = [writer.add(index * 40, None, [Reference(9, None)], False) for index in range(3)]
    (bundle,) = bundles[-1]
    decoder.add_bundle(bundle, 100)
    shown = decoder.show(100)
    assert shown.state is FaceState.PLAIN
    assert shown.picture is not None
    assert _psnr(shown.picture, picture) > 32
    header = BundleHeader(1, 12, 9, 9, False)
    still = (0,) * 32
    animated = encode_bundle(Bundle(header, (Frame(0, Mode.ANIMATED, 0, still),)), {9: still})
    with pytest.raises(WireError, match="no face"):
        decoder.add_bundle(animated, 200)


def test_a_file_shows_the_picture_itself_while_there_is_no_face(
    talking: list[tuple[Picture, FloatArray | None]], animator: Animator
) -> None:
    encoder, decoder = FileEncoder(FileSettings(CodingMode.LIVE, 16.0)), FaceDecoder(animator)
    states, errors = [], []
    # Later than the first picture, which the rate has to pay for first.
    for index in range(150):
        picture, landmarks = talking[index % len(talking)]
        for item in encoder.add(picture, landmarks if not 100 <= index < 125 else None, index * 40):
            if item.kind is RecordKind.KEYFRAME:
                decoder.add_keyframe(item.payload)
            else:
                decoder.add_bundle(item.payload, index * 40)
        shown = decoder.show(index * 40)
        states.append(shown.state)
        if shown.state is FaceState.PLAIN and shown.frame is not None and shown.picture is not None:
            crop = encoder.crop
            assert crop is not None
            source, _ = talking[shown.frame.time_ms // 40 % len(talking)]
            errors.append(_psnr(shown.picture, resize(crop.cut(source), 256)))
    assert FaceState.PLAIN in states[105:125]
    assert FaceState.PLAIN not in states[:100]
    assert states[-1] is FaceState.LIVE
    assert np.mean(errors) > 22
