"""How fast the codec is in Python, over a talking clip: milliseconds of every stage, and pictures a second."""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

from codec.animator import Animator
from codec.decoder import FaceDecoder
from codec.encoder import FaceEncoder
from codec.file_encoder import CodedItem, CodingMode, FileEncoder, FileSettings
from codec.intra_picture import Picture
from codec.landmarks import LandmarkTracker
from codec.recording import RecordKind

_FRAME_MS = 40
#: The rate at which throughput is measured.
_KBPS = 16.0


@dataclass(frozen=True)
class Throughput:
    """Pictures a second, one after the other: tracked and coded in live mode, and decoded and drawn."""

    encode_fps: float
    decode_fps: float


def throughput(pictures: Sequence[Picture]) -> Throughput:
    """Measure whole files at 16 kbit/s, tracking and closed loop included; pictures as for `stage_timings`."""
    animator = Animator(provider="cpu")
    encoder, items = FileEncoder(FileSettings(CodingMode.LIVE, _KBPS), animator=animator), list[CodedItem]()
    with LandmarkTracker() as tracker:
        started = perf_counter()
        for number, picture in enumerate(pictures):
            time_ms = number * _FRAME_MS
            items += encoder.add(picture, tracker.track(picture, time_ms), time_ms)
        items += encoder.finish()
        encoding_s = perf_counter() - started
    decoder, waiting = FaceDecoder(animator), deque(items)
    started = perf_counter()
    for number in range(len(pictures)):
        time_ms = number * _FRAME_MS
        while waiting and waiting[0].time_ms <= time_ms:
            _take(waiting.popleft(), decoder)
        decoder.show(time_ms)
    return Throughput(len(pictures) / encoding_s, len(pictures) / (perf_counter() - started))


def _take(item: CodedItem, decoder: FaceDecoder) -> None:
    if item.kind is RecordKind.KEYFRAME:
        decoder.add_keyframe(item.payload)
    else:
        decoder.add_bundle(item.payload, item.time_ms)


def stage_timings(pictures: Iterable[Picture]) -> dict[str, float]:
    """Return the median milliseconds of each stage, by name, for camera pictures (height, width, 3) at 25 a second."""
    taken: defaultdict[str, list[float]] = defaultdict(list)
    encoder, decoder = FaceEncoder(), FaceDecoder(Animator(provider="cpu"))
    with LandmarkTracker() as tracker:
        for number, picture in enumerate(pictures):
            started = perf_counter()
            landmarks = tracker.track(picture, number * _FRAME_MS)
            taken["landmarks"].append((perf_counter() - started) * 1000)
            encoded = encoder.encode(picture, landmarks, number * _FRAME_MS)
            taken["motion"].append(encoder.stage_ms["motion"])
            if encoded.keyframe:
                taken["keyframe_encode"].append(encoder.stage_ms["keyframe"])
                decoder.add_keyframe(encoded.keyframe)
                taken["keyframe_decode"].append(decoder.stage_ms["keyframe"])
            for bundle in encoded.bundles:
                taken["entropy_encode"].append(encoder.stage_ms["entropy"])
                decoder.add_bundle(bundle, number * _FRAME_MS)
                taken["entropy_decode"].append(decoder.stage_ms["entropy"])
            if decoder.show(number * _FRAME_MS).fresh:
                taken["animate"].append(decoder.stage_ms["animate"])
    return {stage: median(values) for stage, values in taken.items()}
