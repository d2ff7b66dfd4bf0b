"""`facewire info`: what is in a recording, and what it costs."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codec.errors import FormatError
from codec.recording import RecordingReader
from codec.recording.chunks import VERSION
from codec.recording.summary import ParticipantSummary, RecordingSummary, summarise

if TYPE_CHECKING:
    # The class is generic to type checkers only.
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_EXAMPLES = """\
examples:
  facewire info call.fwr              who is in it, for how long, at how many kbit/s
  facewire info call.fwr --json       the same for programs

motion are the bundles of keypoints, keyframes the pictures they animate, sound the Opus packets; container is what the
file itself adds to them.
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "info",
        help="say what is in a recording (.fwr)",
        description="Say what is in a recording: who, how long, and how many kbit/s each part takes.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("recording", metavar="FILE.fwr", type=Path)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print what is in a recording; returns the exit status. Raises `FormatError` if the file is none."""
    try:
        with RecordingReader(arguments.recording) as reader:
            summary = summarise(reader)
    except FormatError as error:
        if arguments.recording.is_file() and "is no recording" in str(error):
            raise FormatError(f"{error}; `facewire encode` makes one of a video") from error
        raise
    if arguments.json:
        print(json.dumps(_figures(summary), indent=2, ensure_ascii=False))
    else:
        print(_text(arguments.recording, summary))
    return 0


def _figures(summary: RecordingSummary) -> dict[str, Any]:
    damage = summary.damage
    return {
        "version": VERSION,
        "created": summary.created,
        "source_type": summary.source_type,
        "seconds": summary.duration_ms / 1000,
        "bytes": summary.file_bytes,
        "records": summary.records,
        "kbps": {"all": round(summary.kbps(summary.file_bytes), 3)}
        | {part: round(summary.kbps(size), 3) for part, size in summary.part_bytes().items()},
        "participants": [_participant_figures(participant) for participant in summary.participants.values()],
        "damage": damage
        and {
            "offset": damage.offset,
            "reason": damage.reason,
            "places": damage.places,
            "lost_bytes": damage.lost_bytes,
        },
    }


def _participant_figures(participant: ParticipantSummary) -> dict[str, Any]:
    return {
        "id": participant.id,
        "name": participant.name,
        "kind": participant.kind,
        "from_s": participant.first_ms / 1000,
        "to_s": participant.last_ms / 1000,
        "frames": participant.frames,
        "frames_per_second": round(participant.frames_per_second, 2),
        "bundles": participant.bundles,
        "bundle_bytes": participant.bundle_bytes,
        "keyframes": participant.keyframes,
        "predicted_keyframes": participant.predicted_keyframes,
        "mean_keyframe_bytes": round(_mean(participant.keyframe_bytes, participant.keyframes), 1),
        "keyframe_bytes": participant.keyframe_bytes,
        "voice_packets": participant.voice_packets,
        "voice_bytes": participant.voice_bytes,
        "broken": participant.broken,
    }


def _text(path: Path, summary: RecordingSummary) -> str:
    made = f", made {summary.created}" if summary.created else ""
    lines = [
        f"{path}: {_clock(summary.duration_ms)} in {summary.file_bytes} bytes, "
        f"{summary.kbps(summary.file_bytes):.2f} kbit/s (version {VERSION}{made})"
    ]
    if summary.source_type:
        lines.append(f"marked as {summary.source_type.rsplit('/', 1)[-1]} (IPTC digital source type)")
    for participant in summary.participants.values():
        lines += _participant_lines(participant)
    lines.append("")
    lines += [f"  {part:10} {summary.kbps(size):7.3f} kbit/s" for part, size in summary.part_bytes().items()]
    if summary.damage is not None:
        lines += ["", f"damaged: {summary.damage}"]
    return "\n".join(lines)


def _participant_lines(participant: ParticipantSummary) -> list[str]:
    name = participant.name or "somebody unnamed"
    kind = f", {participant.kind}" if participant.kind else ""
    lines = [
        "",
        f"participant {participant.id}: {name}{kind}, {_clock(participant.first_ms)} to {_clock(participant.last_ms)}",
        f"  frames     {participant.frames}, {participant.frames_per_second:.1f} a second, "
        f"in {participant.bundles} bundles",
        f"  keyframes  {participant.keyframes}, {participant.predicted_keyframes} of them predicted, "
        f"{_mean(participant.keyframe_bytes, participant.keyframes):.0f} bytes each",
        f"  sound      {participant.voice_packets} packets",
    ]
    if participant.broken:
        lines.append(f"  broken     {participant.broken} bundles")
    return lines


def _mean(total: int, count: int) -> float:
    return total / count if count else 0.0


def _clock(time_ms: int) -> str:
    """Return a time as 1:02:03.4."""
    tenths = round(time_ms / 100)
    hours, minutes, seconds = tenths // 36_000, tenths // 600 % 60, tenths % 600 / 10
    return f"{hours}:{minutes:02}:{seconds:04.1f}" if hours else f"{minutes}:{seconds:04.1f}"
