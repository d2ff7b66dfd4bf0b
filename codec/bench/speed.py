"""Milliseconds of every stage of the codec in Python, over a talking clip."""

from collections import defaultdict
from collections.abc import Iterable
from statistics import median
from time import perf_counter

from codec.animator import Animator
from codec.decoder import FaceDecoder
from codec.encoder import FaceEncoder
from codec.intra_picture import Picture
from codec.landmarks import LandmarkTracker

_FRAME_MS = 40


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
