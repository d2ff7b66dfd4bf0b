"""Session descriptions (RFC 8866) as the protocol wants them: what an offer may hold, what the answer says.

Only lines are looked at; aiortc does the rest.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from server.errors import ProtocolError
from server.settings import VoiceSettings
from server.webrtc.red import RedNumbers, as_opus, as_red, preferred_red

_MID = re.compile(r"a=mid:([A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,16})")
_DIRECTION = re.compile(r"a=(sendrecv|sendonly|recvonly|inactive)")
_OPUS = re.compile(r"a=rtpmap:(\d{1,3}) opus/48000/2", re.IGNORECASE)
_MDNS_CANDIDATE = re.compile(r"a=candidate:(?:\S+ ){4}[A-Za-z0-9-]{1,63}\.local .*")
_CANDIDATES = 64
NO_SLOTS: Mapping[str, RedNumbers] = MappingProxyType({})


@dataclass(frozen=True)
class Section:
    """One media section of an offer."""

    kind: str
    mid: str
    direction: str


@dataclass(frozen=True)
class ClientOffer:
    """A client's offer, checked."""

    sdp: str
    """The description without header extensions and without mDNS candidates."""
    voice: Section
    """The section that brings the client's voice."""
    slots: tuple[Section, ...]
    """The sections that want others' voices, in order."""
    mdns_candidates: tuple[str, ...]
    """`candidate` attributes of the first section whose address is an mDNS name (`….local`)."""
    redundant: Mapping[str, RedNumbers]
    """Slots by mid that are wanted with redundancy; `sdp` shows them as plain Opus."""


def parse_offer(sdp: str, most_slots: int) -> ClientOffer:
    """Check a client's offer; raises `ProtocolError` (`bad-message`) with what is wrong.

    The first section must be audio that sends; further audio sections only receive; one application section.
    """
    session, media = _split(sdp)
    sections = [_section(lines) for lines in media]
    mids = [section.mid for section in sections]
    if len(set(mids)) != len(mids):
        raise _bad(f"two sections share a mid: {', '.join(mids)}")
    audio = [section for section in sections if section.kind == "audio"]
    if not sections or sections[0].kind != "audio" or sections[0].direction not in ("sendonly", "sendrecv"):
        raise _bad("the first section must be audio that sends the voice")
    slots = tuple(audio[1:])
    if any(slot.direction != "recvonly" for slot in slots):
        raise _bad("audio sections after the first must be recvonly voice slots")
    if len(slots) > most_slots:
        raise _bad(f"{len(slots)} voice slots, at most {most_slots} are served")
    if len(sections) - len(audio) != 1:
        raise _bad(f"{len(sections) - len(audio)} application sections, expected 1")
    for section, lines in zip(sections, media, strict=True):
        if section.kind == "audio" and not any(_OPUS.fullmatch(line) for line in lines):
            raise _bad(f"section {section.mid} offers no Opus")
    bundle = next((line for line in session if line.startswith("a=group:BUNDLE ")), "")
    if bundle.split()[1:] != mids:
        raise _bad("all sections must be bundled, in order (a=group:BUNDLE)")
    if not any(line.startswith("a=fingerprint:") for line in (*session, *media[0])):
        raise _bad("no fingerprint of a DTLS certificate")
    if sum(line.startswith("a=candidate:") for lines in media for line in lines) > _CANDIDATES:
        raise _bad(f"more than {_CANDIDATES} candidates")
    numbers = [
        preferred_red(lines) if section in slots else None for section, lines in zip(sections, media, strict=True)
    ]
    mdns = tuple(line.removeprefix("a=candidate:") for line in media[0] if _MDNS_CANDIDATE.fullmatch(line))
    kept = [
        line
        for lines in (
            session,
            *(as_opus(lines, red) if red else lines for lines, red in zip(media, numbers, strict=True)),
        )
        for line in lines
        if not line.startswith("a=extmap") and not _MDNS_CANDIDATE.fullmatch(line)
    ]
    redundant = {mid: red for mid, red in zip(mids, numbers, strict=True) if red}
    return ClientOffer("\r\n".join(kept) + "\r\n", sections[0], slots, mdns, redundant)


def dress_answer(sdp: str, voice: VoiceSettings, redundant: Mapping[str, RedNumbers] = NO_SLOTS) -> str:
    """Return an answer that says how the other end should encode its voice (RFC 7587, section 6.1).

    `redundant` are the slots that the offer wanted so.
    """
    session, media = _split(sdp)
    wanted = [redundant.get(_section(lines).mid) for lines in media]
    answered = [as_red(lines, red) if red else lines for lines, red in zip(media, wanted, strict=True)]
    dressed: list[str] = []
    for line in (*session, *(line for lines in answered for line in lines)):
        dressed.append(line)
        if opus := _OPUS.fullmatch(line):
            dressed += [
                f"a=fmtp:{opus[1]} maxaveragebitrate={round(voice.kbps * 1000)};stereo=0;usedtx=1",
                f"a=ptime:{voice.ptime_ms}",
                f"a=maxptime:{voice.ptime_ms}",
            ]
    return "\r\n".join(dressed) + "\r\n"


def requested_voice(answer: str) -> tuple[float | None, int | None]:
    """Return the bitrate in kbit/s and the milliseconds a packet that an answer asks for, where it does."""
    rate = re.search(r"maxaveragebitrate=(\d{1,6})", answer)
    ptime = re.search(r"a=ptime:(\d{1,3})", answer)
    return (int(rate[1]) / 1000 if rate else None, int(ptime[1]) if ptime else None)


def _split(sdp: str) -> tuple[list[str], list[list[str]]]:
    session: list[str] = []
    media: list[list[str]] = []
    for line in sdp.splitlines():
        if line.startswith("m="):
            media.append([line])
        else:
            (media[-1] if media else session).append(line)
    if len(media) > 9:
        raise _bad(f"{len(media)} media sections")
    return session, media


def _section(lines: list[str]) -> Section:
    kind = lines[0][2:].split(" ")[0]
    if kind not in ("audio", "application"):
        raise _bad(f"a section of kind {kind[:20]!r}; only audio and application are served")
    mid = next((found[1] for line in lines if (found := _MID.fullmatch(line))), None)
    if mid is None:
        raise _bad(f"an {kind} section without a mid")
    direction = next((found[1] for line in lines if (found := _DIRECTION.fullmatch(line))), "sendrecv")
    return Section(kind, mid, direction)


def _bad(message: str) -> ProtocolError:
    return ProtocolError("bad-message", f"offer: {message}")
