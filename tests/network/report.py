"""The bench's report: one HTML page with a table and plots, nothing fetched from anywhere."""

import html
from collections.abc import Mapping
from pathlib import Path

from codec.motion import FloatArray
from tests.network.calls import CallResult
from tests.network.profiles import Profile

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 430, 130, 38, 18
_COLOURS = ("#0b66c3", "#d1495b", "#3a7d44", "#b07d2b")
_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 1180px; margin: 2rem auto; padding: 0 1rem; color: #1c2330 }
table { border-collapse: collapse; margin: .6rem 0 1rem } th, td { padding: .25rem .7rem; text-align: right }
th:first-child, td:first-child { text-align: left } tr + tr td { border-top: 1px solid #dde2ea } th { font-weight: 600 }
figure { display: inline-block; margin: 0 .8rem .8rem 0 } figcaption { font-size: 13px; color: #4b5565 }
svg { background: #f6f8fb } .grid { stroke: #dde2ea } text { font-size: 11px; fill: #4b5565 } h2 { margin-top: 2.2rem }
"""
COLUMNS = (
    *("call", "face correlation", "moving", "landmark error", "pictures/s", "frozen", "speech concealed", "delay"),
    *("up kbit/s", "down kbit/s", "queue up", "queue down", "page lag", "CPU idle"),
)


def rows(result: CallResult) -> list[list[str]]:
    """Return a line of figures for each direction of a call."""
    link = result.link
    return [
        [
            f"{result.kind}: {name}",
            f"{scores.correlation:.2f}",
            f"{scores.moving:.0%}",
            f"{scores.landmark_error:.1%}",
            f"{scores.fps:.1f}",
            f"{scores.frozen_s:.1f} s",
            f"{scores.concealed:.1%}",
            f"{scores.delay_ms:.0f} ms",
            *(f"{link.mean_kbps[way]:.1f}" for way in ("up", "down")),
            *(f"{link.longest_queue_ms[way]:.0f} ms" for way in ("up", "down")),
            f"{scores.page_lag_ms:.0f} ms",
            f"{result.idle:.0%}",
        ]
        for name, scores in result.directions.items()
    ]


def write(path: Path, results: Mapping[str, tuple[Profile, list[CallResult]]], seconds: float) -> None:
    """Write the page: a section for each profile."""
    sections = "".join(_section(name, profile, calls) for name, (profile, calls) in results.items())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"<!doctype html><html lang=en><meta charset=utf-8><title>facewire: calls over bad links</title>"
        f"<style>{_STYLE}</style><h1>Calls over bad links</h1>"
        f"<p>Two browsers, {seconds:.0f} s each call. The link described is the first one's, both ways; the other's is "
        f"good. Ordinary video is what the same browser does by itself over the same link.</p>{sections}</html>"
    )


def _section(name: str, profile: Profile, calls: list[CallResult]) -> str:
    head = "".join(f"<th>{column}</th>" for column in COLUMNS)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
        for result in calls
        for row in rows(result)
    )
    notes = [
        f"{result.kind}: the picture moved again after {', '.join(f'{back:.1f} s' for back in result.back_s)}"
        for result in calls
        if result.back_s
    ]
    plots = "".join(_plots(result) for result in calls)
    return (
        f"<h2>{html.escape(profile.title)} <small>({name})</small></h2><p>{html.escape(describe(profile))}</p>"
        f"<table><tr>{head}</tr>{body}</table><p>{html.escape('. '.join(notes))}</p>{plots}"
    )


def describe(profile: Profile) -> str:
    """Say in a line what a link is like."""
    parts = [
        f"{profile.kbps:g} kbit/s" if profile.kbps else "no limit of rate",
        f"round trip {profile.rtt_ms:g}{f' ± {profile.jitter_ms:g}' if profile.jitter_ms else ''} ms",
        f"{profile.loss.share:.0%} lost{f' in bursts of {profile.loss.burst:g}' if profile.loss.burst else ''}",
        *(f"{step.kbps:g} kbit/s from {step.at_s:g} s on" for step in profile.steps),
        *(f"nothing from {outage.at_s:g} to {outage.at_s + outage.seconds:g} s" for outage in profile.outages),
    ]
    return ", ".join(parts)


def _plots(result: CallResult) -> str:
    both = result.directions
    link = result.link
    return "".join(
        _plot(f"{result.kind}: {title}", curves, least)
        for title, curves, least in (
            ("face correlation, 5 s windows", {name: found.correlation_curve for name, found in both.items()}, 1.0),
            ("pictures a second", {name: found.fps_curve for name, found in both.items()}, 25.0),
            ("ms of sound made up in a second", {name: found.concealed_curve for name, found in both.items()}, 100.0),
            ("kbit/s on the wire", link.kbps_curves, 24.0),
            ("ms waiting for the link", link.queue_curves, 200.0),
            (
                "ms waited, as the watcher's budget sees it",
                {name: found.late_curve for name, found in both.items()},
                200.0,
            ),
            (
                "kbit/s that the watcher's budget expects of its way out",
                {name: found.estimate_curve for name, found in both.items()},
                24.0,
            ),
        )
    )


def _plot(title: str, curves: Mapping[str, FloatArray], least: float) -> str:
    """Draw curves of (n, 2) points; the scale reaches at least `least`."""
    drawn = {name: curve for name, curve in curves.items() if len(curve)}
    top = max([least, *(float(curve[:, 1].max()) for curve in drawn.values())])
    end = max([1.0, *(float(curve[-1, 0]) for curve in drawn.values())])

    def at(x: float, y: float) -> str:
        return f"{_LEFT + x / end * (_WIDTH - _LEFT):.1f},{(1 - max(0.0, y) / top) * (_HEIGHT - _BOTTOM):.1f}"

    lines = "".join(
        f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{" ".join(at(x, y) for x, y in curve)}"/>'
        for colour, curve in zip(_COLOURS, drawn.values(), strict=False)
    )
    grid = "".join(
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="2" y="{y + 10:.1f}">{top * share:.3g}</text>'
        for share in (0.0, 0.5, 1.0)
        for y in [(1 - share) * (_HEIGHT - _BOTTOM)]
    )
    keys = " · ".join(
        f'<span style="color:{colour}">{html.escape(name)}</span>'
        for colour, name in zip(_COLOURS, drawn, strict=False)
    )
    return (
        f'<figure><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}">{grid}{lines}'
        f'<text x="{_WIDTH - 34}" y="{_HEIGHT - 4}">{end:.0f} s</text></svg>'
        f"<figcaption>{html.escape(title)}: {keys}</figcaption></figure>"
    )
