"""The tables of `facewire bench rd`: every point, bits saved against each rival, and averages at fixed rates."""

from statistics import fmean

from codec.bench.report import Report
from codec.bench.savings import BEST_VVC, METRICS, RATES_KBPS, Curves, Point, mean_percent

#: Measures printed at fixed rates: the ones that stand for what a viewer sees.
_AT_RATES = ("lpips", "lpips_mouth", "dists", "lips_px")
#: Measures whose savings are printed clip by clip; all are in the figures.
_CLIP_BY_CLIP = ("lpips", "dists")
#: The ablation with one keyframe is judged at its best quality below this rate.
_ABLATION_LIMIT_KBPS = 30.0
_COLUMNS = [
    *("clip", "codec", "setting", "kbit/s", "LPIPS", "mouth", "DISTS", "PSNR-Y", "VMAF"),
    *("landmarks px", "lips px", "eyes px", "faces lost"),
]


def report(points: list[Point], tested: str, notes: list[str]) -> Report:
    """Return the report on measured points; `tested` is the codec that the others are compared with."""
    made = Report("Rate and quality (25 frames a second; payload without sound)", _COLUMNS, notes=list(notes))
    for point in points:
        made.rows.append(_row(point))
    curves = {metric: Curves(points, metric) for metric in METRICS}
    anchors = _anchors(curves["lpips"], tested)
    for metric in _CLIP_BY_CLIP:
        made.notes += ["", f"Bits of {tested} beside each rival's at equal {metric}; the range that both reach", ""]
        made.notes += _savings_table(curves[metric], tested, anchors)
    for metric in _AT_RATES:
        made.notes += [
            "",
            f"{metric} of {tested} / of the rival at equal rates (clips on which both reach the rate)",
            "",
        ]
        made.notes += _rates_table(curves[metric], tested, anchors)
    made.figures = {"clips": len(curves["lpips"].by_clip)}
    for found in curves.values():
        for anchor in anchors:
            made.figures |= _figures(found, tested, anchor)
    if any("one keyframe" in anchor for anchor in anchors):
        made.figures |= _ablation(curves["lpips"], tested, anchors)
    made.details = {"points": [point.as_json() for point in points], "bd_rate": _bd_details(curves, tested, anchors)}
    return made


def _row(point: Point) -> list[str]:
    quality = point.quality
    return [
        *(point.clip, point.codec, point.setting, f"{point.kbps:.2f}"),
        *(f"{value:.3f}" for value in (quality.lpips, quality.lpips_mouth, quality.dists)),
        *(f"{value:.1f}" for value in (quality.psnr_y, quality.vmaf)),
        *(f"{value:.2f}" for value in (quality.landmarks_px, quality.lips_px, quality.eyes_px)),
        f"{quality.faces_lost * 100:.0f} %",
    ]


def _anchors(curves: Curves, tested: str) -> list[str]:
    names = {codec: None for codecs in curves.by_clip.values() for codec in codecs}
    return [name for name in names if name != tested]


def _savings_table(curves: Curves, tested: str, anchors: list[str]) -> list[str]:
    savings = {anchor: curves.savings(tested, anchor) for anchor in anchors}
    rows = [["clip", *anchors]]
    for clip in curves.by_clip:
        found = [savings[anchor].get(clip) for anchor in anchors]
        cells = [f"{s.percent:+.1f} % ({s.lowest:.3f}…{s.highest:.3f})" if s else "no overlap" for s in found]
        rows.append([clip, *cells])
    rows.append(["mean", *(f"{mean_percent(savings[anchor]):+.1f} %" for anchor in anchors)])
    return _aligned(rows)


def _rates_table(curves: Curves, tested: str, anchors: list[str]) -> list[str]:
    rows = [["rival", *(f"{rate:g} kbit/s" for rate in RATES_KBPS)]]
    for anchor in anchors:
        found = [curves.at_rate(tested, anchor, rate) for rate in RATES_KBPS]
        rows.append([anchor, *(f"{f.tested:.3f} / {f.anchor:.3f} ({f.clips})" if f else "–" for f in found)])
    return _aligned(rows)


def _figures(curves: Curves, tested: str, anchor: str) -> dict[str, float | str | None]:
    savings = curves.savings(tested, anchor)
    met = [saving for saving in savings.values() if saving is not None]
    name = f"{curves.metric}_{_identifier(anchor)}"
    figures: dict[str, float | str | None] = {
        f"bd_rate_{name}_pct": round(mean_percent(savings), 1) if met else None,
        f"bd_rate_{name}_clips": len(met),
    }
    if curves.metric in _AT_RATES and anchor == BEST_VVC:
        for rate in RATES_KBPS:
            both = curves.at_rate(tested, anchor, rate)
            if both:
                figures[f"{curves.metric}_at_{rate:g}_kbps"] = round(both.tested, 3)
                figures[f"{curves.metric}_at_{rate:g}_kbps_best_vvc"] = round(both.anchor, 3)
    if curves.metric == "lpips" and anchor == BEST_VVC:
        lost = [clip for clip, saving in savings.items() if saving is not None and saving.percent > 0]
        figures["clips_lost_on_lpips_to_best_vvc"] = ", ".join(lost) or "none"
    return figures


def _ablation(curves: Curves, tested: str, anchors: list[str]) -> dict[str, float | str | None]:
    anchor = next(anchor for anchor in anchors if "one keyframe" in anchor)
    saved = curves.saved_at_best(tested, anchor, _ABLATION_LIMIT_KBPS)
    return {
        "saved_at_best_lpips_of_one_keyframe_pct": round(fmean(saved.values()), 1) if saved else None,
        "saved_at_best_lpips_of_one_keyframe_clips": len(saved),
    }


def _bd_details(curves: dict[str, Curves], tested: str, anchors: list[str]) -> dict[str, object]:
    return {
        metric: {
            anchor: {
                clip: saving and {"percent": saving.percent, "lowest": saving.lowest, "highest": saving.highest}
                for clip, saving in found.savings(tested, anchor).items()
            }
            for anchor in anchors
        }
        for metric, found in curves.items()
    }


def _identifier(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]
