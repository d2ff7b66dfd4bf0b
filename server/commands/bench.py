"""`facewire bench`: measure the wire, the speed, and the codec's rate and quality on this machine."""

import argparse
import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from server.errors import ServerError

if TYPE_CHECKING:
    from codec.bench.report import Report

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_EXAMPLES = """\
examples:
  facewire bench wire --seconds 60     wire kbit/s of a call of two browsers, from a capture (needs root)
  facewire bench speed                 milliseconds of every stage, in Python and in a browser
  facewire bench client --seconds 600  weight of the page, time to join, long tasks, memory
  facewire bench motion CLIPS          bits and error of the motion coder on a folder of talking clips
  facewire bench rd CLIPS --against vvc,vvc12,av1 --plot curves.png
                                       rate and quality beside ordinary codecs; bits saved at equal quality
  facewire bench renderer --people 4   faces a renderer draws here, and what a browser without WebAssembly sees
  facewire bench rate CLIPS --kbps 8   does a coded file keep to its rate?
  facewire bench demo CLIPS --kbps 10  quality of the panes of `facewire demo`, from their canvases
  facewire bench sync CLIPS            how well lips follow the voice, with motion, with part of it, without any
  facewire bench occlusion CLIPS --covered
                                       second by second beside plain AV1, with a strange face before the clip's own

Each prints a table; --json also writes it to a file, with the commit and the machine.
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "bench",
        help="measure the wire, the speed, and the codec's rate and quality",
        description="Measure facewire on this machine.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    benchmarks = parser.add_subparsers(dest="benchmark", metavar="NAME", required=True)
    wire = benchmarks.add_parser("wire", help="wire kbit/s of a call of two browsers, from a raw capture")
    wire.add_argument("--seconds", type=float, default=60.0, help="how long to measure (default: %(default)s)")
    wire.add_argument("--settle", type=float, default=8.0, help="wait before, for the set-up (default: %(default)s s)")
    wire.add_argument("--calls", metavar="NAME[,…]", help="which of the calls; it says what there are (default: all)")
    speed = benchmarks.add_parser("speed", help="milliseconds of every stage, in Python and in a browser")
    speed.add_argument(
        "--seconds", type=float, default=20.0, help="of the call that is measured (default: %(default)s)"
    )
    client = benchmarks.add_parser("client", help="weight of the page, time to join, long tasks, memory")
    client.add_argument("--seconds", type=float, default=60.0, help="in the call (default: %(default)s)")
    client.add_argument("--people", type=int, default=4, help="who are in the room (default: %(default)s)")
    renderer = benchmarks.add_parser("renderer", help="faces a renderer draws here, seen in a browser that cannot")
    renderer.add_argument("--people", type=int, default=4, help="who are seen (default: %(default)s)")
    renderer.add_argument("--seconds", type=float, default=20.0, help="(default: %(default)s)")
    renderer.add_argument(
        "--provider", choices=["auto", "cpu", "cuda"], default="auto", help="of the renderer (default: %(default)s)"
    )
    motion = benchmarks.add_parser("motion", help="bits and error of the motion coder on a folder of talking clips")
    motion.add_argument(
        "clips",
        type=Path,
        nargs="?",
        default=os.environ.get("FACEWIRE_CLIPS"),
        help="folder of square .mp4 clips (default: $FACEWIRE_CLIPS)",
    )
    _add_rd(benchmarks)
    rate = benchmarks.add_parser("rate", help="does a coded file keep to its rate, on clips of talking people?")
    _add_clips(rate)
    rate.add_argument("--kbps", type=float, nargs="+", default=[4.0, 8.0, 16.0, 32.0], help="(default: 4 8 16 32)")
    rate.add_argument("--modes", default="live", help="of live, lookahead, recording (default: %(default)s)")
    score = benchmarks.add_parser("score", help="how near the closed loop's quick score comes to LPIPS")
    _add_clips(score)
    score.add_argument("--seconds", type=float, default=120.0, help="of each clip at most (default: %(default)s)")
    occlusion = benchmarks.add_parser("occlusion", help="second by second beside plain AV1, where faces are hidden")
    _add_clips(occlusion)
    occlusion.add_argument("--kbps", type=float, default=16.0, help="(default: %(default)s)")
    occlusion.add_argument("--against", default="av1", metavar="NAME", help="the rival (default: %(default)s)")
    occlusion.add_argument("--covered", action="store_true", help="also with another face held before each clip's own")
    demo = benchmarks.add_parser("demo", help="quality of the comparison's panes, measured from their canvases")
    _add_clips(demo)
    demo.add_argument("--kbps", type=float, default=10.0, help="of every pane (default: %(default)s)")
    demo.add_argument("--seconds", type=float, default=20.0, help="of each clip (default: %(default)s)")
    sync = benchmarks.add_parser("sync", help="how well lips follow the voice, on clips with sound")
    _add_clips(sync)
    for benchmark in benchmarks.choices.values():
        benchmark.add_argument("--json", type=Path, metavar="FILE", help="also write the table and figures there")


def _add_rd(benchmarks: "Subparsers") -> None:
    rd = benchmarks.add_parser("rd", help="rate and quality beside ordinary codecs, on clips of talking people")
    _add_clips(rd)
    rd.add_argument("--mode", default="live", choices=["live", "lookahead", "recording"], help="(default: %(default)s)")
    rd.add_argument(
        "--against", default="vvc,vvc12", metavar="NAMES",
        help="rivals: vvc, vvc12 (half the frames, each shown twice), vvc-ra (looks ahead), av1, vp9, x265, x264; "
        "or none (default: %(default)s)",
    )  # fmt: skip
    rd.add_argument("--points", type=int, default=4, help="rates of each codec (default: %(default)s)")
    rd.add_argument("--seconds", type=float, default=120.0, help="of each clip at most (default: %(default)s)")
    rd.add_argument("--one-keyframe", action="store_true", help="code with a single keyframe, too: an ablation")
    rd.add_argument("--keyframe-px", type=float, metavar="PX", help="landmark distance that asks for a new keyframe")
    rd.add_argument("--plot", type=Path, metavar="FILE.png", help="draw the curves")
    rd.add_argument("--strip", type=Path, metavar="FILE.png", help="draw original | first rival | facewire")
    rd.add_argument("--cache", type=Path, metavar="DIR", help="of coded rivals and measures (default: the user's)")


def _add_clips(benchmark: argparse.ArgumentParser) -> None:
    default_clips = [Path(os.environ["FACEWIRE_CLIPS"])] if "FACEWIRE_CLIPS" in os.environ else []
    benchmark.add_argument(
        "clips", type=Path, nargs="*", default=default_clips, metavar="CLIP",
        help="files, or folders of .mp4 files; the central square is taken (default: $FACEWIRE_CLIPS)",
    )  # fmt: skip


def _run_rate(arguments: argparse.Namespace) -> "Report":
    from codec.bench import rate_control
    from codec.file_encoder import CodingMode

    if not arguments.clips:
        raise ServerError("which clips? Name files or a folder, or set FACEWIRE_CLIPS")
    modes = tuple(CodingMode(name) for name in arguments.modes.split(","))
    return rate_control.run(arguments.clips, tuple(arguments.kbps), modes)


def _run_occlusion(arguments: argparse.Namespace) -> "Report":
    from codec.bench import occlusion

    if not arguments.clips:
        raise ServerError("which clips? Name files or a folder, or set FACEWIRE_CLIPS")
    return occlusion.run(arguments.clips, arguments.kbps, arguments.against, arguments.covered)


def _run_demo(arguments: argparse.Namespace) -> "Report":
    from server.bench import demo

    if not arguments.clips:
        raise ServerError("which clips? Name files or a folder, or set FACEWIRE_CLIPS")
    return demo.run(arguments.clips, arguments.kbps, arguments.seconds)


def _run_score(arguments: argparse.Namespace) -> "Report":
    from codec.bench import score

    if not arguments.clips:
        raise ServerError("which clips? Name files or a folder, or set FACEWIRE_CLIPS")
    return score.run(arguments.clips, arguments.seconds)


def _run_rd(arguments: argparse.Namespace) -> "Report":
    if find_spec("scipy") is None:
        raise ServerError("scipy is not installed: run `make metrics`, or install the extra `bench`")
    from codec.bench import rate_distortion
    from codec.bench.cache import default_folder
    from codec.bench.facewire_candidate import CandidateOptions
    from codec.file_encoder import CodingMode

    if not arguments.clips:
        raise ServerError("which clips? Name files or a folder, or set FACEWIRE_CLIPS")
    mode = CodingMode(arguments.mode)
    names = () if arguments.against == "none" else tuple(arguments.against.split(","))
    options = rate_distortion.RdOptions(
        against=names,
        points=arguments.points,
        candidate=CandidateOptions(mode, keyframe_px=arguments.keyframe_px),
        one_keyframe=arguments.one_keyframe,
        longest_s=arguments.seconds,
        cache=arguments.cache or default_folder(),
        plot=arguments.plot,
        strip=arguments.strip,
    )
    return rate_distortion.run(arguments.clips, options)


def run(arguments: argparse.Namespace) -> int:
    """Run one benchmark, print its table; returns the exit status."""
    if arguments.benchmark == "wire":
        from server.bench import wire

        names = arguments.calls.split(",") if arguments.calls else list(wire.CALLS)
        if unknown := sorted(set(names) - set(wire.CALLS)):
            raise ServerError(f"no call {', '.join(unknown)}: there are {', '.join(wire.CALLS)}")
        report = wire.run(arguments.seconds, arguments.settle, names)
    elif arguments.benchmark == "client":
        from server.bench import client

        report = client.run(arguments.seconds, arguments.people)
    elif arguments.benchmark == "motion":
        from codec.bench import motion

        if arguments.clips is None:
            raise ServerError("which clips? Name a folder, or set FACEWIRE_CLIPS")
        report = motion.run(arguments.clips)
    elif arguments.benchmark == "renderer":
        from server.bench import renderer

        report = renderer.run(arguments.people, arguments.seconds, arguments.provider)
    elif arguments.benchmark == "rd":
        report = _run_rd(arguments)
    elif arguments.benchmark == "score":
        report = _run_score(arguments)
    elif arguments.benchmark == "occlusion":
        report = _run_occlusion(arguments)
    elif arguments.benchmark == "sync":
        from codec.bench import sync

        if not arguments.clips:
            raise ServerError("which clips? Name files or a folder, or set FACEWIRE_CLIPS")
        report = sync.run(arguments.clips)
    elif arguments.benchmark == "rate":
        report = _run_rate(arguments)
    elif arguments.benchmark == "demo":
        report = _run_demo(arguments)
    else:
        from server.bench import speed

        report = speed.run(arguments.seconds)
    print(report.text())
    if arguments.json:
        report.write(arguments.json)
    return 0
