"""`make bench-group`: eight people, one of them on a thin link; what reaches that one.

Needs root. `python -m tests.network.group_bench --kbps 64 --seconds 40 --json build/bench/group.json`
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from codec.bench.report import Report
from server.bench.material import DEMONSTRATION
from server.bench.server_process import ServerProcess
from tests.network.link import Link
from tests.network.machine import idle_share, processor_times
from tests.network.namespaces import Network, unavailable
from tests.network.profiles import Loss, Profile
from tests.network.report import describe
from tests.network.scores import score_link

_PORT = 8080
_LEAST_UPDATES = 5.0  #: a second, of a living face
#: A jitter buffer that waits so long beyond the fastest packets loses none that come sooner.
_LATE_S = 0.4
_RATE = 48_000
_TALK_SPURT_S = 0.2


@dataclass(frozen=True)
class Voice:
    """How one voice arrived."""

    seconds: float  #: of sound
    broken: float  #: share of it that came more than 0.4 s later than the fastest packets did, or never


def updates_per_second(arrivals: list[list[float]], seconds: float) -> float:
    """Return a face's motion updates a second, of `[time, frames]`."""
    return sum(frames for _, frames in arrivals) / seconds


def score_voice(arrivals: list[list[float]]) -> Voice:
    """Score `[time, RTP timestamp]` of a voice; silences, in which nothing is sent, do not count."""
    if len(arrivals) < 2:
        return Voice(0.0, 0.0)
    delays = np.array([when - timestamp / _RATE for when, timestamp in arrivals])
    steps = [(after[1] - before[1]) / _RATE for before, after in pairwise(arrivals)]
    usual = float(np.median(steps))
    inside = [step for step in steps if usual * 0.5 < step < _TALK_SPURT_S]
    late = int((delays - delays.min() > _LATE_S).sum())
    lost = sum(round(step / usual) - 1 for step in inside)
    return Voice(sum(inside), (late + lost) * usual / max(sum(inside), usual))


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description="Eight people, one of them on a thin link.")
    parser.add_argument("--kbps", type=float, default=64.0, help="of the thin link, both ways (default: %(default)s)")
    parser.add_argument("--rtt-ms", type=float, default=60.0, help="of the thin link (default: %(default)s)")
    parser.add_argument("--loss", type=float, default=0.0, help="share of packets that it loses (default: %(default)s)")
    parser.add_argument("--others", type=int, default=7, help="(default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=40.0, help="that are watched (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    arguments = parser.parse_args()
    if reason := unavailable():
        parser.error(reason)
    link = Profile(
        f"{arguments.kbps:g} kbit/s", kbps=arguments.kbps, rtt_ms=arguments.rtt_ms, loss=Loss(arguments.loss)
    )
    report = measure(link, arguments.others, arguments.seconds)
    print(report.text())
    if arguments.json:
        report.write(arguments.json)


def measure(profile: Profile, others: int, seconds: float) -> Report:
    """Let `others` replay the demonstration, and one person on a link watch them."""
    with tempfile.TemporaryDirectory() as folder, Network() as network, ExitStack() as stack:
        server_host, thin_host = network.add_host("server"), network.add_host("thin")
        log = Path(folder) / "packets.log"
        server = stack.enter_context(ServerProcess(port=_PORT, host=server_host.address, within=server_host.command()))
        join = [*server_host.command(), sys.executable, "-m", "server.cli", "join", server.url("group"), "--quiet"]
        for number in range(others):
            process = subprocess.Popen([*join, "--name", f"P{number}", "--replay", str(DEMONSTRATION)])
            stack.callback(process.wait, 15)
            stack.callback(process.terminate)
            time.sleep(1.5)  # so that not all say the same at the same time
        with Link(network, thin_host, profile, log) as link:
            busy = processor_times()
            watcher = [sys.executable, "-m", "tests.network.group_watcher", server.url("group"), str(seconds)]
            said = subprocess.run(thin_host.command(*watcher), stdout=subprocess.PIPE, text=True, check=True).stdout
            end_s, idle = time.time(), idle_share(busy, processor_times())
            carried = score_link(profile, link.packets(), link.queued, end_s - seconds, end_s)
        seen = json.loads(said)
    report = Report(f"{others} people seen over {describe(profile)}", ["participant", "updates/s", "voice", "broken"])
    updates = {who: updates_per_second(arrivals, seconds) for who, arrivals in seen["motion"].items()}
    voices = {who: score_voice(arrivals) for who, arrivals in seen["voice"].items()}
    for who in sorted(updates.keys() | voices.keys(), key=int):
        voice = voices.get(who, Voice(0.0, 0.0))
        report.add(who, f"{updates.get(who, 0.0):.1f}", f"{voice.seconds:.1f} s", f"{voice.broken:.1%}")
    sound = sum(voice.seconds for voice in voices.values())
    report.figures = {
        "faces_alive": sum(rate >= _LEAST_UPDATES for rate in updates.values()),
        "least_updates_per_s": round(min(updates.values(), default=0.0), 1),
        "voice_broken": round(sum(v.broken * v.seconds for v in voices.values()) / max(sound, 1e-9), 4),
        "down_kbps": round(carried.mean_kbps["down"], 1),
        "up_kbps": round(carried.mean_kbps["up"], 1),
        "queue_down_ms": round(carried.longest_queue_ms["down"]),
        "cpu_idle": round(idle, 2),
    }
    return report


if __name__ == "__main__":
    main()
