"""Golden vectors that Python and TypeScript both meet. `python -m tests.vectors.make` writes them.

Everything is made up from a seeded generator: no person's motion is in here.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from codec.bundle import Bundle, BundleHeader, Frame, Mode, encode_bundle
from codec.bundle_writer import BundleWriter, Reference
from codec.crop import StableCrop
from codec.encoder import resize
from codec.entropy import PROBABILITY_HALF, RESIDUAL_CONTEXTS, RangeEncoder, encode_residuals
from codec.intra_picture import PictureCodec
from codec.keyframe_pool import KeyframePool
from codec.keyframes import Keyframe, slice_keyframe
from codec.motion import MOTION_LENGTH, SHAPE_LENGTH, FloatArray, motion_model, quantise
from codec.picture_stream import PictureStreamEncoder
from codec.playout import Playout
from codec.settings import EncoderSettings
from server.webrtc.trailer import add_trailer, split_trailer
from tests.material import portrait
from tests.vectors.encryption import encryption_vectors
from tests.vectors.speech import speech_vectors

FOLDER = Path(__file__).parent
_DECIMALS = 6


def _walk(generator: np.random.Generator, frames: int, pace: float = 2.0) -> list[tuple[int, ...]]:
    """Return a random walk of motions: a head that turns and talks."""
    position = np.zeros(MOTION_LENGTH)
    position[5] = -110  # a head whose landmarks span about a third of the crop
    result = []
    for _ in range(frames):
        position += generator.normal(0, pace, MOTION_LENGTH) * np.r_[np.ones(8), np.linspace(1, 0.2, 24)]
        result.append(tuple(int(v) for v in np.rint(position)))
    return result


def entropy_vectors() -> list[dict[str, Any]]:
    """Residual rows with flat contexts, from all zeros to the largest magnitudes."""
    generator = np.random.default_rng(1)
    rows = [[0] * 32, [1, -1] * 16, [4095, -4095, 0, 0, 1]]
    rows += [[int(v) for v in np.rint(generator.normal(0, spread, 32))] for spread in (0.4, 3, 40, 700)]
    vectors = []
    for residuals in rows:
        encoder = RangeEncoder()
        encode_residuals(encoder, [[PROBABILITY_HALF] * RESIDUAL_CONTEXTS for _ in residuals], residuals)
        vectors.append({"residuals": residuals, "bytes": encoder.finish().hex()})
    return vectors


def bundle_vectors() -> list[dict[str, Any]]:
    """Bundles of every kind: regular and irregular gaps, missing faces, two picks, optional sections, no frame."""
    generator = np.random.default_rng(2)
    motions = _walk(generator, 40)
    keyframes = {7: motions[0], 200: motions[20]}
    none = Frame(4, Mode.NONE)
    cases = [
        ((), None, None),
        ((Frame(0, Mode.NONE),), None, None),
        (tuple(Frame(4 * bool(i), Mode.ANIMATED, 0, motions[i + 1]) for i in range(3)), None, None),
        (tuple(Frame(4 * bool(i), Mode.ANIMATED, i // 2, motions[i + 18]) for i in range(4)), None, None),
        ((Frame(0, Mode.ANIMATED, 1, motions[22]), none, Frame(9, Mode.ANIMATED, 1, motions[24])), None, None),
        ((Frame(0, Mode.NONE), Frame(64, Mode.ANIMATED, 0, motions[3]), Frame(1, Mode.NONE)), None, None),
        ((Frame(0, Mode.ANIMATED, 0, motions[5]),), b"speech", bytes(range(200)) * 2),
        ((Frame(0, Mode.ANIMATED, 0, (2047,) * 16 + (-2047,) * 16),), None, None),
        ((Frame(0, Mode.PLAIN, 1), Frame(4, Mode.ANIMATED, 0, motions[6]), Frame(8, Mode.PLAIN, 0), none), None, None),
    ]
    vectors = []
    for index, (frames, speech, auxiliary) in enumerate(cases):
        header = BundleHeader(65_530 + index & 0xFFFF, (1 << 24) - 3 + index & 0xFFFFFF, 7, 200, bool(index % 2))
        data = encode_bundle(Bundle(header, frames, speech, auxiliary), keyframes)
        vectors.append(
            {
                "sequence": header.sequence,
                "time_ticks": header.time_ticks,
                "voice_active": header.voice_active,
                "frames": [
                    {"gap_ticks": f.gap_ticks, "mode": int(f.mode), "pick": f.pick, "motion": f.motion} for f in frames
                ],
                "speech": None if speech is None else speech.hex(),
                "auxiliary": None if auxiliary is None else auxiliary.hex(),
                "bytes": data.hex(),
            }
        )
    return [{"keyframe_a": 7, "keyframe_b": 200, "motions": {str(k): v for k, v in keyframes.items()}}, *vectors]


def keyframe_vectors() -> list[dict[str, Any]]:
    """Keyframes with made-up picture bytes, the last one without a face, and their slices."""
    generator = np.random.default_rng(3)
    vectors = []
    kinds = [(80, PictureCodec.AV1, 2500), (160, PictureCodec.WEBP, 1), (240, PictureCodec.JPEG, 991)]
    kinds += [(241, PictureCodec.AV1_NEXT, 400), (242, PictureCodec.AV1_NEXT, 90)]
    for number, codec, size in kinds:
        shape = tuple(int(v) for v in np.rint(generator.normal(0, 20, SHAPE_LENGTH))) if number != 242 else None
        motion = _walk(generator, 5)[-1] if number != 242 else None
        keyframe = Keyframe(number, 123_456, 256, shape, motion, codec, generator.bytes(size))
        vectors.append(
            {
                "number": keyframe.number,
                "time_ticks": keyframe.time_ticks,
                "side": keyframe.side,
                "shape": shape,
                "motion": motion,
                "picture_codec": int(codec),
                "picture": keyframe.picture.hex(),
                "bytes": bytes(keyframe).hex(),
                "slices": [message.hex() for message in slice_keyframe(bytes(keyframe))],
            }
        )
    return vectors


def picture_vectors() -> list[dict[str, Any]]:
    """A chain of keyframes: a portrait that the camera pans and zooms over. Its bytes are those of one AV1 encoder."""
    encoder = PictureStreamEncoder(256, 50)
    vectors = []
    for index in range(4):
        span = 256 - 8 * index
        codec, picture = encoder.encode(resize(portrait()[:span, 90 + 5 * index : 90 + 5 * index + span], 256))
        keyframe = Keyframe((254 + index) % 256, index, 256, (0,) * SHAPE_LENGTH, (0,) * MOTION_LENGTH, codec, picture)
        vectors.append({"number": keyframe.number, "picture_codec": int(codec), "bytes": bytes(keyframe).hex()})
    return vectors


def motion_vectors() -> list[dict[str, Any]]:
    """Shape and motion to landmarks, and back from landmarks with noise. Floats agree to 1e-4, integers exactly."""
    generator = np.random.default_rng(4)
    model = motion_model()
    settings = EncoderSettings()
    vectors = []
    for motion in _walk(generator, 60, pace=4)[19::20]:
        shape = tuple(int(v) for v in np.rint(generator.normal(0, 15, SHAPE_LENGTH)))
        landmarks = model.landmarks(shape, motion)
        noisy = np.round(landmarks + generator.normal(0, 0.004, landmarks.shape), _DECIMALS)
        fitted_shape = model.fit_shape(noisy)
        fitted = model.fit(fitted_shape, noisy)
        vectors.append(
            {
                "shape": shape,
                "motion": motion,
                "landmarks": _rounded(landmarks),
                "noisy": _rounded(noisy),
                "fitted_shape": fitted_shape,
                "fitted": _rounded(fitted),
                "quantised": quantise(fitted, motion, settings.hysteresis),
            }
        )
    return vectors


def crop_vectors() -> list[dict[str, Any]]:
    """A face that sits still, drifts, grows, and reaches the border of a 640 × 480 picture."""
    model = motion_model()
    shape, motion = (0,) * SHAPE_LENGTH, (0,) * MOTION_LENGTH
    face = model.landmarks(shape, motion)
    stable = StableCrop()
    vectors = []
    for x, y, size in (
        *((320, 200, 50), (322, 199, 51), (340, 210, 50), (362, 215, 50), (362, 215, 62), (362, 215, 80)),
        *((60, 60, 80), (630, 470, 40), (320, 240, 220), (320, 240, 6)),
    ):
        landmarks = np.round(face * size + (x, y, 0), _DECIMALS)
        crop, jumped = stable.update(landmarks, 640, 480)
        vectors.append(
            {"face": [x, y, size], "crop": [crop.left, crop.top, crop.side], "jumped": jumped}
            | {"first_in_crop_units": _rounded(crop.to_crop_units(landmarks)[:3])}
        )
    return [{"landmarks": _rounded(face)}, *vectors]


def pool_vectors() -> list[dict[str, Any]]:
    """The sender's decisions over a walk of 400 frames: new keyframes, picks, and the bundles that come out."""
    generator = np.random.default_rng(5)
    model, settings = motion_model(), EncoderSettings()
    pool, writer = KeyframePool(model, settings), BundleWriter(settings.bundle_ms)
    shape = (0,) * SHAPE_LENGTH
    vectors: list[dict[str, Any]] = []
    time_ms = 0
    for index, motion in enumerate(_walk(generator, 400, pace=2.5)):
        landmarks = model.landmarks(shape, motion)
        if index in (150, 260):
            pool.note_jump()
        made = pool.needs_keyframe(landmarks, time_ms)
        if made:
            pool.add(Reference(index % 256, motion), landmarks, 2000 + index, time_ms)
        ranked = pool.pick(landmarks, time_ms)
        faceless = index % 97 == 90
        bundles = writer.add(time_ms, None if faceless else motion, [] if faceless else ranked, index % 50 > 25)
        vectors.append(
            {"time_ms": time_ms, "motion": motion, "jump": index in (150, 260), "faceless": faceless, "made": made}
            | {"ranked": [reference.number for reference in ranked], "bundles": [data.hex() for data in bundles]}
        )
        time_ms += int(generator.choice([40, 40, 40, 40, 30, 80, 33, 200, 700], p=[0.2] * 4 + [0.04] * 5))
    return vectors


def playout_vectors() -> list[dict[str, Any]]:
    """Bundles that arrive with jitter, out of order, after a loss and after an outage; what is due every 33 ms."""
    generator = np.random.default_rng(6)
    playout = Playout()
    arrivals = []
    for number in range(120):
        sent_ms = 5_000 + number * 120
        jitter_ms = (
            float(generator.exponential(25)) + (900 if number == 60 else 0) + (2_500 if 80 <= number < 90 else 0)
        )
        if number % 17 != 13:
            arrivals.append((sent_ms + 90 + round(jitter_ms, 1), number))
    arrivals.sort()
    vectors: list[dict[str, Any]] = []
    now_ms, position = 5_000.0, 0
    while now_ms < 21_000:
        while position < len(arrivals) and arrivals[position][0] <= now_ms:
            arrival_ms, number = arrivals[position]
            ticks = (number * 12 + (1 << 24) - 100) % (1 << 24)
            header = BundleHeader(number, ticks, 1, 2 if number > 40 else 1, False)
            frames = tuple(
                Frame(4 * bool(i), Mode.ANIMATED, int(number % 5 == 4), (number * 3 + i,) * MOTION_LENGTH)
                for i in range(3)
            )
            playout.add(Bundle(header, frames), arrival_ms)
            vectors.append(
                {"arrival_ms": arrival_ms, "number": number, "time_ticks": ticks, "keyframe_b": header.keyframe_b}
            )
            position += 1
        due = playout.due(now_ms)
        vectors.append(
            {
                "now_ms": round(now_ms, 3),
                "stale": playout.is_stale(now_ms),
                "buffering_ms": round(playout.buffering_ms, 4),
            }
            | {"due": due and {"time_ms": due.time_ms, "picked": due.picked, "other": due.other}}
            | {"motion_0": round(due.motion[0], 4) if due and due.motion else None}
        )
        now_ms += 33
    return vectors


def trailer_vectors() -> list[dict[str, Any]]:
    """Voice packets of every frame count code with one or more bundles behind them, and one without sound."""
    generator = np.random.default_rng(7)
    two_equal, two, three, padded = (
        bytes((0x19,)) + generator.bytes(80),
        bytes((0x1A, 30)) + generator.bytes(75),
        bytes((0x4B, 0x83, 10, 252, 1)) + generator.bytes(300),
        bytes((0x0B, 0x42, 4)) + generator.bytes(20) + bytes(4),
    )
    one = bytes((0x18,)) + generator.bytes(45)
    cases = [(one, (50,)), (two_equal, (60,)), (two, (1,)), (three, (254, 255, 256)), (padded, (40,)), (b"", (55, 9))]
    cases += [(one, (252,)), (one, (253,)), (one, (254,)), (b"", (900, 227)), (b"", (1132,))]
    vectors = []
    for voice, lengths in cases:
        bundles = [generator.bytes(length) for length in lengths]
        payload = add_trailer(voice, bundles)
        restored, _ = split_trailer(payload)
        vectors.append(
            {"voice": voice.hex(), "bundles": [bundle.hex() for bundle in bundles]}
            | {"payload": payload.hex(), "restored": restored.hex()}
        )
    return vectors


def _rounded(array: FloatArray) -> Any:
    return np.round(array, _DECIMALS).tolist()


VECTORS = {
    "entropy": entropy_vectors,
    "bundles": bundle_vectors,
    "keyframes": keyframe_vectors,
    "pictures": picture_vectors,
    "motion": motion_vectors,
    "crop": crop_vectors,
    "pool": pool_vectors,
    "playout": playout_vectors,
    "trailers": trailer_vectors,
    "speech": speech_vectors,
    "encryption": encryption_vectors,
}


def render(name: str) -> str:
    """Return the text of one vector file: one vector a line."""
    return "[\n" + ",\n".join(json.dumps(vector, separators=(",", ":")) for vector in VECTORS[name]()) + "\n]\n"


def main() -> None:
    """Write all vector files."""
    for name in VECTORS:
        path = FOLDER / f"{name}.json"
        path.write_text(render(name))
        print(f"wrote {path.name} ({path.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
