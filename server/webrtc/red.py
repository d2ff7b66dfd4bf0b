"""Voice slots that a browser wants with redundancy (audio/red, RFC 2198), as aiortc sees them: plain Opus.

A browser that lists RED first for a slot makes RED payloads itself, out of copies in the trailer: its decoder takes
lost packets in no other way. What travels under RED's number stays one sealed or plain packet, untouched.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_RED = re.compile(r"a=rtpmap:(\d{1,3}) red/48000/2", re.IGNORECASE)
_OPUS = re.compile(r"a=rtpmap:(\d{1,3}) opus/48000/2", re.IGNORECASE)
_NUMBERED = re.compile(r"a=(?:rtpmap|fmtp|rtcp-fb):(\d{1,3}) ")


@dataclass(frozen=True, slots=True)
class RedNumbers:
    """RTP payload types of one section."""

    red: str
    opus: str


def preferred_red(section: Sequence[str]) -> RedNumbers | None:
    """Return the numbers of a media section whose first payload type is RED over Opus; None for any other."""
    formats = section[0].split(" ")[3:]
    red = next((found[1] for line in section if (found := _RED.fullmatch(line))), None)
    opus = next((found[1] for line in section if (found := _OPUS.fullmatch(line))), None)
    return RedNumbers(red, opus) if red and opus and formats[:1] == [red] else None


def as_opus(section: Sequence[str], numbers: RedNumbers) -> list[str]:
    """Return a section that offers Opus, and only that, under RED's number."""
    kept = [line for line in section[1:] if not _NUMBERED.match(line)]
    return [_with_formats(section[0], numbers.red), f"a=rtpmap:{numbers.red} opus/48000/2", *kept]


def as_red(section: Sequence[str], numbers: RedNumbers) -> list[str]:
    """Return an answer's section as the browser wants it: RED, which holds Opus."""
    lines = [_with_formats(section[0], numbers.red, numbers.opus)]
    for line in section[1:]:
        if _OPUS.fullmatch(line):
            opus = numbers.opus
            lines += [f"a=rtpmap:{numbers.red} red/48000/2", f"a=fmtp:{numbers.red} {opus}/{opus}"]
            lines.append(f"a=rtpmap:{opus} opus/48000/2")
        else:
            lines.append(line)
    return lines


def _with_formats(media_line: str, *formats: str) -> str:
    return " ".join([*media_line.split(" ")[:3], *formats])
