"""Curves of rate and quality as a picture."""

from pathlib import Path

from codec.bench.errors import BenchError
from codec.bench.savings import Curves, Point

_PANELS = {
    "lpips": "LPIPS",
    "lpips_mouth": "LPIPS, mouth",
    "dists": "DISTS",
    "lips_px": "lip landmark error, px at 256²",
    "psnr_y": "PSNR-Y, dB",
    "vmaf": "VMAF",
}
_COLUMNS = 3


def plot(points: list[Point], tested: str, path: Path) -> None:
    """Draw each measure over the rate, one line for each clip and codec, `tested` in front.

    Raises `BenchError` if matplotlib is not installed or `path` cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise BenchError("matplotlib is not installed: install the extra `bench`") from error
    figure = Figure(figsize=(15, 8), layout="constrained")
    axes = figure.subplots(len(_PANELS) // _COLUMNS, _COLUMNS).flatten()
    codecs = list({point.codec: None for point in points})
    for axis, (metric, title) in zip(axes, _PANELS.items(), strict=True):
        for clip_curves in Curves(points, metric).by_clip.values():
            for number, codec in enumerate(codecs):
                line = clip_curves[codec]
                front = codec == tested
                axis.plot(
                    line.kbps,
                    line.quality,
                    marker=".",
                    color=f"C{number}",
                    alpha=0.9 if front else 0.5,
                    zorder=3 if front else 2,
                    label=codec,
                )
        axis.set(title=title, xlabel="kbit/s", xscale="log")
        axis.grid(visible=True, alpha=0.3)
    handles, labels = axes[0].get_legend_handles_labels()
    first = {label: handle for handle, label in zip(handles, labels, strict=True)}
    figure.legend(first.values(), first.keys(), loc="outside lower center", ncols=len(first))
    try:
        figure.savefig(path, dpi=110)
    except (OSError, ValueError) as error:
        raise BenchError(f"{path} cannot be written: {error}") from error
