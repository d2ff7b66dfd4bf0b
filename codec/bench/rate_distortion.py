"""`facewire bench rd`: rate and quality of facewire and of ordinary codecs on clips of talking people."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from math import isfinite
from pathlib import Path

import numpy as np
from tqdm import tqdm

from codec.animator import Animator
from codec.bench import facewire_candidate, rivals
from codec.bench.cache import Cache, default_folder
from codec.bench.clip import Clip, load_clip
from codec.bench.coded import Coded
from codec.bench.errors import BenchError
from codec.bench.facewire_candidate import CandidateOptions
from codec.bench.metrics.judge import Judge
from codec.bench.metrics.landmark_error import track
from codec.bench.rd_report import report
from codec.bench.report import Report
from codec.bench.rivals import RIVALS, Rival
from codec.bench.savings import Point
from codec.bench.strip import Strip
from codec.motion import LANDMARKS, FloatArray


@dataclass(frozen=True)
class RdOptions:
    """What to compare with what."""

    against: tuple[str, ...] = ("vvc", "vvc12")  #: names of `RIVALS`
    points: int = 4  #: rates of each codec
    candidate: CandidateOptions = field(default_factory=CandidateOptions)
    one_keyframe: bool = False  #: code with one keyframe only, too
    longest_s: float = 120.0  #: of each clip
    cache: Path = field(default_factory=default_folder)
    plot: Path | None = None
    strip: Path | None = None


@dataclass(frozen=True)
class _Contender:
    """Something that codes a clip at several rates, lowest first."""

    name: str
    codings: list[Callable[[], Coded]]


def run(paths: list[Path], options: RdOptions) -> Report:
    """Code every clip at several rates with facewire and its rivals, and measure what comes out.

    Folders stand for the .mp4 files in them. Raises `BenchError` for unknown rivals, too few points or no clips, and
    what reading clips, ffmpeg and the metrics raise.
    """
    unknown = [name for name in options.against if name not in RIVALS]
    if unknown:
        raise BenchError(f"no rival is called {unknown[0]!r}: there are {', '.join(RIVALS)}")
    if options.points < 2:
        raise BenchError(f"a curve of {options.points} points: at least 2 are needed, 4 for a fair one")
    if options.longest_s <= 0:
        raise BenchError(f"{options.longest_s:g} seconds of each clip: nothing to measure")
    if options.strip and not options.against:
        raise BenchError("a strip shows a rival beside facewire: name one, such as vvc12")
    clips = files_of(paths)
    cache, animator = Cache(options.cache), Animator()
    points: list[Point] = []
    notes: list[str] = []
    strip = Strip(RIVALS[options.against[0]], cache) if options.strip else None
    with tqdm(total=len(clips) * options.points * _curves(options), unit="point", disable=None) as progress:
        for path in clips:
            clip = load_clip(path, animator.side, options.longest_s)
            landmarks = tracked(clip, cache)
            if all(face is None for face in landmarks):
                notes.append(f"{clip.name}: no face in any frame, left out")
                progress.update(options.points * _curves(options))
                continue
            judge = Judge(clip, cache)
            for contender in _contenders(clip, landmarks, animator, options, cache):
                for coding in contender.codings:
                    progress.set_postfix_str(f"{clip.name} {contender.name}")
                    coded = coding()
                    point = Point(clip.name, coded.codec, coded.setting, coded.kbps, judge.measure(coded.pictures))
                    points.append(point)
                    if strip and coded.codec == options.candidate.label:
                        strip.offer(clip, coded)
                    progress.update()
    if not points:
        raise BenchError(f"no face in any of {len(clips)} clips: nothing to measure")
    made = report(points, options.candidate.label, notes)
    if options.plot:
        from codec.bench.rd_plot import plot

        plot(points, options.candidate.label, options.plot)
    if strip and options.strip:
        strip.write(options.strip, options.candidate.label)
    return made


def _contenders(
    clip: Clip, landmarks: list[FloatArray | None], animator: Animator, options: RdOptions, cache: Cache
) -> Iterator[_Contender]:
    variants = [options.candidate]
    if options.one_keyframe:
        variants.append(CandidateOptions(options.candidate.mode, one_keyframe=True))
    for variant in variants:
        rates = facewire_candidate.rates(options.points)
        codings = [partial(facewire_candidate.code, clip, landmarks, rate, animator, variant) for rate in rates]
        yield _Contender(variant.label, list(codings))
    for name in options.against:
        rival: Rival = RIVALS[name]
        qualities = rival.qualities(options.points)
        yield _Contender(name, [partial(rivals.code, clip, rival, quality, cache) for quality in qualities])


def _curves(options: RdOptions) -> int:
    return 1 + options.one_keyframe + len(options.against)


def files_of(paths: list[Path]) -> list[Path]:
    """Return the files, those in folders included. Raises `BenchError` if there are none, or one is missing."""
    files = [file for path in paths for file in (sorted(path.glob("*.mp4")) if path.is_dir() else [path])]
    if not files:
        raise BenchError(f"no .mp4 clip in {', '.join(map(str, paths)) or 'nothing'}")
    missing = [file for file in files if not file.is_file()]
    if missing:
        raise BenchError(f"{missing[0]} is no file")
    return files


def tracked(clip: Clip, cache: Cache) -> list[FloatArray | None]:
    """Return the landmarks of every frame, in pixels; frames without a face are rows of NaN in the cache."""
    key = ("landmarks", clip.digest)
    kept = cache.get(*key)
    if kept is None:
        faces = [np.full((LANDMARKS, 3), np.nan) if face is None else face for face in track(clip.pictures, 1)]
        kept = np.stack(faces).tobytes()
        cache.put(kept, *key)
    table = np.frombuffer(kept, np.float64).reshape(-1, LANDMARKS, 3)
    return [face if isfinite(face[0, 0]) else None for face in table]
