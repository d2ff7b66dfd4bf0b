"""`facewire bench wire`: what a call of two browsers costs on the wire, everything included, by either transport."""

import tempfile
import wave
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import numpy as np

from codec.bench.report import Report
from server.bench.browser import DRAWS_A_FACE, Browsers, wait_until, write_camera, write_microphone
from server.bench.capture import Flow, LoopbackCapture
from server.bench.material import demonstration_clip, talking_clip
from server.bench.server_process import ServerProcess
from server.encryption.link_secret import LinkSecret
from server.errors import ServerError

if TYPE_CHECKING:
    from playwright.sync_api import Page

#: Bytes that a data-channel message costs beyond its payload: IPv4 20, UDP 8, DTLS 1.2 record 37, SCTP 12 + 16.
_MESSAGE_OVERHEAD = 93
#: Bytes that a bundle costs in a packet that has sound, and a packet beyond its bundles that has none: IPv4 20, UDP 8,
#: RTP 12, SRTP's tag 10, and 4 of an Opus packet with an empty frame.
_TRAILER_OVERHEAD = 3
_SOUNDLESS_PACKET = 54
_CHANNELS = ("motion", "keyframe", "control")
#: Each speaks so long, then is silent as long.
_TURN_S = 10
_QUIET_DBFS = -62.0
_STATISTICS = "window.facewire.statistics()"


@dataclass(frozen=True)
class Conditions:
    """One of the calls that are measured."""

    name: str
    transport: str = "auto"
    packet_ms: int = 60
    in_turns: bool = True
    has_key: bool = True  #: as the links have that people make: the call is end-to-end encrypted


THIN = Conditions("thin, 60 ms")
DATA_CHANNEL = Conditions("data channels, 60 ms", transport="datachannel")
THIN_LONG_PACKETS = Conditions("thin, 120 ms", packet_ms=120)
THIN_BOTH_TALK = Conditions("thin, 60 ms, both talk", in_turns=False)
THIN_WITHOUT_KEY = Conditions("thin, 60 ms, without a key", has_key=False)
#: By the name under which each is asked for, and by which its figures begin.
CALLS = {
    "thin": THIN,
    "datachannel": DATA_CHANNEL,
    "thin_120ms": THIN_LONG_PACKETS,
    "thin_both_talk": THIN_BOTH_TALK,
    "thin_without_key": THIN_WITHOUT_KEY,
}


@dataclass
class Measured:
    """What one call cost: wire kbit/s by purpose, up and down, mean of both people."""

    purposes: dict[str, tuple[float, float]]
    people: list[tuple[float, float]]  #: everything, of each person
    drawn: dict[str, float]  #: pictures a second on each page
    speech: dict[str, float]  #: share of the time in which each spoke, and `both`
    lost: int  #: bundles
    concealed: float  #: share of the sound that was audibly made up because packets were late
    seconds: float

    @property
    def worst(self) -> tuple[float, float]:
        """The busier person's kbit/s up and down."""
        return max(up for up, _ in self.people), max(down for _, down in self.people)


def run(seconds: float, settle_s: float, names: Sequence[str] = tuple(CALLS)) -> Report:
    """Measure one call after another, each for `seconds` after `settle_s` for the first keyframes and the set-up."""
    calls = {CALLS[name]: _measure(CALLS[name], seconds, settle_s) for name in names}
    columns = [f"{conditions.name}: {way}" for conditions in calls for way in ("up", "down")]
    report = Report(
        f"Wire kbit/s of a call of two browsers through the relay, {seconds:.0f} s, mean of both, IP headers included",
        ["bytes of", *columns],
    )
    for purpose in next(iter(calls.values())).purposes:
        report.add(purpose, *(value for measured in calls.values() for value in measured.purposes[purpose]))
    report.add("the busier person", *(value for measured in calls.values() for value in measured.worst))
    for conditions, measured in calls.items():
        speech = ", ".join(f"{name} {share:.0%}" for name, share in measured.speech.items())
        report.notes.append(
            f"{conditions.name}: share of the time with speech: {speech}; bundles lost: {measured.lost}; "
            f"sound audibly concealed: {measured.concealed:.2%}; "
            f"pictures a second: {', '.join(f'{fps:.0f}' for fps in measured.drawn.values())}"
        )
    report.notes += [
        f"Speech in turns of {_TURN_S} s, one side at a time, unless 'both talk' without a pause.",
        "A data-channel message counts with 93 bytes of headers; SACKs are what is left, with heartbeats.",
        "A bundle behind sound counts with 3 bytes; a packet without sound is all motion.",
        "Links have a key, unless it says otherwise; a seal, of 10 bytes or 12, counts as what it seals.",
    ]
    report.figures = _figures(calls)
    return report


def _figures(calls: dict[Conditions, Measured]) -> dict[str, float | str | None]:
    """Return the busier person's kbit/s of each call, and more of that in which both talk."""
    figures: dict[str, float | str | None] = {}
    for name, conditions in CALLS.items():
        if conditions in calls:
            ways = zip(("up", "down"), calls[conditions].worst, strict=True)
            figures |= {f"{name}_{way}_kbps": round(value, 1) for way, value in ways}
    if (both_talk := calls.get(THIN_BOTH_TALK)) is not None:
        mean_up, mean_down = both_talk.purposes["everything"]
        figures |= {
            "up_kbps": round(both_talk.worst[0], 1),
            "down_kbps": round(both_talk.worst[1], 1),
            "mean_up_kbps": round(mean_up, 1),
            "mean_down_kbps": round(mean_down, 1),
            "seconds": round(both_talk.seconds, 1),
            **{f"drawn_by_{name}_fps": round(fps, 1) for name, fps in both_talk.drawn.items()},
        }
    return figures


def _measure(conditions: Conditions, seconds: float, settle_s: float) -> Measured:
    with (
        tempfile.TemporaryDirectory() as folder,
        ServerProcess("--set", f"voice.ptime_ms={conditions.packet_ms}") as server,
        Browsers() as browsers,
    ):
        query = f"autojoin=1&provider=wasm&transport={conditions.transport}"
        fragment = f"#key={LinkSecret.generate()}" if conditions.has_key else ""
        link = server.url("bench", f"?{query}&name={{}}{fragment}")
        pages = _open_pages(browsers, link, Path(folder), in_turns=conditions.in_turns)
        for page in pages.values():
            wait_until(page, DRAWS_A_FACE, "a face is drawn")
        sleep(settle_s)
        before = _counters(pages)
        with LoopbackCapture(server.pid) as capture:
            speech = _watch_speech(pages, seconds)
        after = _counters(pages)
        statistics = {name: page.evaluate(_STATISTICS) for name, page in pages.items()}
    flows = sorted((f for (p, _), f in capture.flows.items() if p == "udp"), key=lambda f: -sum(f.up.values()))[:2]
    if len(flows) < 2:
        raise ServerError(f"the capture saw {len(flows)} media flows, expected 2")
    signalling = [flow for (protocol, _), flow in capture.flows.items() if protocol == "tcp"]
    after.subtract(before)
    return Measured(
        _purposes(flows, signalling, after, capture.seconds),
        _people(flows, signalling, capture.seconds),
        {name: found["remotes"][0]["drawing"]["picturesPerSecond"] for name, found in statistics.items()},
        speech,
        sum(found["transport"]["bundlesLost"] for found in statistics.values()),
        after["voices.concealedSamples"] / max(1, after["voices.samples"]),
        capture.seconds,
    )


def _open_pages(browsers: Browsers, link: str, folder: Path, *, in_turns: bool) -> dict[str, "Page"]:
    """Open a page for each person, whose name goes into the link; with `in_turns` they speak one at a time."""
    voice, turns = folder / "voice.wav", folder / "turns.wav"
    write_microphone(demonstration_clip(), voice, seconds=2 * _TURN_S if in_turns else None)
    pages: dict[str, Page] = {}
    phase_s = began_s = starting_s = 0.0
    for name, clip, size in (("clip", talking_clip(), (352, 288)), ("demonstration", demonstration_clip(), (256, 256))):
        camera = folder / f"{name}.y4m"
        write_camera(clip, camera, *size, seconds=30)
        if in_turns and pages:
            phase_s = monotonic() + starting_s - began_s + _TURN_S
        if in_turns:
            turns = folder / f"{name}.wav"
            _write_turns(voice, turns, phase_s)
        opened_s = monotonic()
        page = pages[name] = browsers.open(link.format(name), camera, turns if in_turns else voice)
        if in_turns and len(pages) == 1:
            wait_until(page, f"!!window.facewire && {_STATISTICS}.speaking", "the first one speaks")
            began_s = monotonic()
            starting_s = began_s - opened_s
    return pages


def _write_turns(voice: Path, target: Path, phase_s: float) -> None:
    """Write a looping microphone that speaks for a turn and is nearly silent for one, beginning at `phase_s`."""
    with wave.open(str(voice)) as sound:
        rate = sound.getframerate()
        samples = np.frombuffer(sound.readframes(sound.getnframes()), np.int16)
    samples = np.resize(samples, 2 * _TURN_S * rate)
    noise = np.random.default_rng(0).normal(0, 32768 * 10 ** (_QUIET_DBFS / 20), _TURN_S * rate)
    samples[_TURN_S * rate :] = np.rint(noise).astype(np.int16)
    samples = np.roll(samples, -round(phase_s * rate) % samples.size)
    with wave.open(str(target), "wb") as output:
        output.setnchannels(1)
        output.setsampwidth(2)
        output.setframerate(rate)
        output.writeframes(samples.tobytes())


def _watch_speech(pages: dict[str, "Page"], seconds: float) -> dict[str, float]:
    """Wait; return the share of the time in which each page's own voice was active, and that of all at once."""
    end_s = monotonic() + seconds
    seen = []
    while (left_s := end_s - monotonic()) > 0:
        seen.append([bool(page.evaluate(f"{_STATISTICS}.speaking")) for page in pages.values()])
        sleep(min(0.5, left_s))
    shares = np.array(seen).mean(0)
    return {**dict(zip(pages, shares.tolist(), strict=True)), "both": float(np.array(seen).all(1).mean())}


def _counters(pages: dict[str, "Page"]) -> Counter[str]:
    """Return both pages' counters together, as `channel.counter`, `trailers.counter` and `voices.counter`."""
    counters: Counter[str] = Counter()
    for page in pages.values():
        statistics: dict[str, Any] = page.evaluate(_STATISTICS)
        for channel in _CHANNELS:
            counters.update({f"{channel}.{name}": value for name, value in statistics["channels"][channel].items()})
        counters.update({f"voices.{name}": value for name, value in statistics["voices"].items()})
        trailers: dict[str, int] = statistics["transport"]["trailers"] or {}
        counters.update({f"trailers.{name}": value for name, value in trailers.items()})
    return counters


def _purposes(
    flows: list[Flow], signalling: list[Flow], counted: Counter[str], seconds: float
) -> dict[str, tuple[float, float]]:
    """Divide the captured bytes: RTP between voice and bundles, DTLS among the channels, by the pages' own counters."""

    def kbps(up: float, down: float) -> tuple[float, float]:
        return up * 8 / 1000 / seconds / len(flows), down * 8 / 1000 / seconds / len(flows)

    def captured(kind: str, where: list[Flow] = flows) -> tuple[int, int]:
        return sum(flow.up[kind] for flow in where), sum(flow.down[kind] for flow in where)

    def on_channel(channel: str) -> tuple[int, int]:
        up, down = (
            counted[f"{channel}.bytes{way}"] + _MESSAGE_OVERHEAD * counted[f"{channel}.messages{way}"]
            for way in ("Sent", "Received")
        )
        return up, down

    def behind_voice(way: str) -> int:
        soundless = counted[f"trailers.soundless{way}"]
        with_sound = counted[f"trailers.bundles{way}"] - soundless
        return counted[f"trailers.bytes{way}"] + _SOUNDLESS_PACKET * soundless + _TRAILER_OVERHEAD * with_sound

    motion = behind_voice("Sent"), behind_voice("Received")
    rtp, dtls = captured("RTP"), captured("DTLS")
    channels = {channel: on_channel(channel) for channel in _CHANNELS}
    sacks = [dtls[way] - sum(channel[way] for channel in channels.values()) for way in (0, 1)]
    purposes = {
        "voice (RTP)": kbps(rtp[0] - motion[0], rtp[1] - motion[1]),
        "motion behind voice (RTP)": kbps(*motion),
        **{f"{channel} (data channel)": kbps(*total) for channel, total in channels.items()},
        "SACKs": kbps(*sacks),
        "RTCP": kbps(*captured("RTCP")),
        "STUN": kbps(*captured("STUN")),
        "other": kbps(*captured("other")),
        "signalling": kbps(*captured("signalling", signalling)),
    }
    everything = sum(up for up, _ in purposes.values()), sum(down for _, down in purposes.values())
    return {**purposes, "everything": everything}


def _people(flows: list[Flow], signalling: list[Flow], seconds: float) -> list[tuple[float, float]]:
    """Return each person's kbit/s up and down, with an equal share of the signalling."""
    shared = [sum(sum(getattr(flow, way).values()) for flow in signalling) / len(flows) for way in ("up", "down")]
    return [
        ((sum(f.up.values()) + shared[0]) * 8 / 1000 / seconds, (sum(f.down.values()) + shared[1]) * 8 / 1000 / seconds)
        for f in flows
    ]
