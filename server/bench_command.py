"""`facewire bench`: measure the wire and the speed on this machine."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from server.errors import ServerError

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_EXAMPLES = """\
examples:
  facewire bench wire --seconds 60     wire kbit/s of a call of two browsers, from a capture (needs root)
  facewire bench speed                 milliseconds of every stage, in Python and in a browser
  facewire bench motion CLIPS          bits and error of the motion coder on a folder of talking clips

Each prints a table; --json also writes it to a file, with the commit and the machine.
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "bench",
        help="measure the wire and the speed",
        description="Measure facewire on this machine.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    benchmarks = parser.add_subparsers(dest="benchmark", metavar="NAME", required=True)
    wire = benchmarks.add_parser("wire", help="wire kbit/s of a call of two browsers, from a raw capture")
    wire.add_argument("--seconds", type=float, default=60.0, help="how long to measure (default: %(default)s)")
    wire.add_argument("--settle", type=float, default=8.0, help="wait before, for the set-up (default: %(default)s s)")
    speed = benchmarks.add_parser("speed", help="milliseconds of every stage, in Python and in a browser")
    speed.add_argument(
        "--seconds", type=float, default=20.0, help="of the call that is measured (default: %(default)s)"
    )
    motion = benchmarks.add_parser("motion", help="bits and error of the motion coder on a folder of talking clips")
    motion.add_argument(
        "clips",
        type=Path,
        nargs="?",
        default=os.environ.get("FACEWIRE_CLIPS"),
        help="folder of square .mp4 clips (default: $FACEWIRE_CLIPS)",
    )
    for benchmark in (wire, speed, motion):
        benchmark.add_argument("--json", type=Path, metavar="FILE", help="also write the table and figures there")


def run(arguments: argparse.Namespace) -> int:
    """Run one benchmark, print its table; returns the exit status."""
    if arguments.benchmark == "wire":
        from server.bench import wire

        report = wire.run(arguments.seconds, arguments.settle)
    elif arguments.benchmark == "motion":
        from codec.bench import motion

        if arguments.clips is None:
            raise ServerError("which clips? Name a folder, or set FACEWIRE_CLIPS")
        report = motion.run(arguments.clips)
    else:
        from server.bench import speed

        report = speed.run(arguments.seconds)
    print(report.text())
    if arguments.json:
        report.write(arguments.json)
    return 0
