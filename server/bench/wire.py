"""`facewire bench wire`: what a call of two browsers costs on the wire, everything included."""

import tempfile
from collections import Counter
from pathlib import Path
from time import sleep

from codec.bench.report import Report
from server.bench.browser import DRAWS_A_FACE, Browsers, wait_until, write_camera, write_microphone
from server.bench.capture import Flow, LoopbackCapture
from server.bench.material import demonstration_clip, talking_clip
from server.bench.server_process import ServerProcess
from server.errors import ServerError

#: Bytes that a data-channel message costs beyond its payload: IPv4 20, UDP 8, DTLS 1.2 record 37, SCTP 12 + 16.
_MESSAGE_OVERHEAD = 93
_CHANNELS = ("motion", "keyframe", "control")
_KINDS = ("RTP", "RTCP", "STUN", "DTLS", "signalling", "other")


def run(seconds: float, settle_s: float) -> Report:
    """Measure a call of two browsers for `seconds`, after `settle_s` for the first keyframes and the set-up."""
    with tempfile.TemporaryDirectory() as folder, ServerProcess() as server, Browsers() as browsers:
        cameras = {"clip": talking_clip(), "demonstration": demonstration_clip()}
        voice = Path(folder) / "voice.wav"
        write_microphone(cameras["demonstration"], voice)
        pages = {}
        for name, clip in cameras.items():
            camera = Path(folder) / f"{name}.y4m"
            write_camera(clip, camera, *((352, 288) if name == "clip" else (256, 256)), seconds=30)
            pages[name] = browsers.open(server.url("bench", f"?name={name}&autojoin=1&provider=wasm"), camera, voice)
        for page in pages.values():
            wait_until(page, DRAWS_A_FACE, "a face is drawn")
        sleep(settle_s)
        before = {name: _channels(page.evaluate("window.facewire.statistics()")) for name, page in pages.items()}
        with LoopbackCapture(server.pid) as capture:
            sleep(seconds)
        after = {name: _channels(page.evaluate("window.facewire.statistics()")) for name, page in pages.items()}
        drawn = {
            name: page.evaluate("window.facewire.statistics().remotes[0].drawing.picturesPerSecond")
            for name, page in pages.items()
        }
    flows = sorted((f for (p, _), f in capture.flows.items() if p == "udp"), key=lambda f: -sum(f.up.values()))[:2]
    if len(flows) < 2:
        raise ServerError(f"the capture saw {len(flows)} media flows, expected 2")
    signalling = [flow for (protocol, _), flow in capture.flows.items() if protocol == "tcp"]
    return _report(flows, signalling, capture.seconds, before, after, drawn)


def _channels(statistics: dict[str, dict[str, dict[str, int]]]) -> Counter[str]:
    """Return a page's counters as `channel.counter`."""
    return Counter(
        {
            f"{channel}.{counter}": value
            for channel in _CHANNELS
            for counter, value in statistics["channels"][channel].items()
        }
    )


def _report(
    flows: list[Flow],
    signalling: list[Flow],
    seconds: float,
    before: dict[str, Counter[str]],
    after: dict[str, Counter[str]],
    drawn: dict[str, float],
) -> Report:
    people = len(flows)
    report = Report(
        f"A call of two browsers through the relay, {seconds:.0f} s, mean of both, IP headers included",
        ["bytes of", "up kbit/s", "up packets/s", "down kbit/s", "down packets/s"],
    )

    def kbps(total: float) -> float:
        return total * 8 / 1000 / seconds / people

    for kind in _KINDS:
        counted = signalling if kind == "signalling" else flows
        report.add(
            {"RTP": "voice (RTP)", "DTLS": "data channels (DTLS)"}.get(kind, kind),
            kbps(sum(flow.up[kind] for flow in counted)),
            sum(flow.up_packets[kind] for flow in counted) / seconds / people,
            kbps(sum(flow.down[kind] for flow in counted)),
            sum(flow.down_packets[kind] for flow in counted) / seconds / people,
        )
        if kind == "DTLS":
            _add_channels(report, before, after, counted, seconds)
    ups = [sum(flow.up.values()) * 8 / 1000 / seconds for flow in flows]
    downs = [sum(flow.down.values()) * 8 / 1000 / seconds for flow in flows]
    tcp_up = kbps(sum(sum(flow.up.values()) for flow in signalling))
    tcp_down = kbps(sum(sum(flow.down.values()) for flow in signalling))
    report.add("everything", sum(ups) / people + tcp_up, "", sum(downs) / people + tcp_down, "")
    report.notes.append(
        "A data-channel message counts with 93 bytes of headers; SACKs are what is left, with heartbeats."
    )
    report.figures = {
        "up_kbps": round(max(ups) + tcp_up, 1),
        "down_kbps": round(max(downs) + tcp_down, 1),
        "mean_up_kbps": round(sum(ups) / people + tcp_up, 1),
        "mean_down_kbps": round(sum(downs) / people + tcp_down, 1),
        "seconds": round(seconds, 1),
        **{f"drawn_by_{name}_fps": round(fps, 1) for name, fps in drawn.items()},
    }
    return report


def _add_channels(
    report: Report,
    before: dict[str, Counter[str]],
    after: dict[str, Counter[str]],
    flows: list[Flow],
    seconds: float,
) -> None:
    """Divide the DTLS bytes among the data channels by the pages' own counters."""
    people = len(flows)
    change: Counter[str] = Counter()
    for name in after:
        change.update({key: value - before[name][key] for key, value in after[name].items()})
    left = {"up": sum(f.up["DTLS"] for f in flows), "down": sum(f.down["DTLS"] for f in flows)}
    packets = {"up": sum(f.up_packets["DTLS"] for f in flows), "down": sum(f.down_packets["DTLS"] for f in flows)}
    for channel in _CHANNELS:
        cells: list[float] = []
        for direction, way in (("up", "Sent"), ("down", "Received")):
            messages = change[f"{channel}.messages{way}"]
            total = change[f"{channel}.bytes{way}"] + messages * _MESSAGE_OVERHEAD
            left[direction] -= total
            packets[direction] -= messages
            cells += [total * 8 / 1000 / seconds / people, messages / seconds / people]
        report.add(f"  of these: {channel}", *cells)
    report.add(
        "  of these: SACKs",
        left["up"] * 8 / 1000 / seconds / people,
        packets["up"] / seconds / people,
        left["down"] * 8 / 1000 / seconds / people,
        packets["down"] / seconds / people,
    )
