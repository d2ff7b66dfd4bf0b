"""When the bundles of a recording are to be shown.

A bundle arrives once its last frame is captured and the network has carried it. Of the bundles around it the fastest
tells how far the sender's clock is from the recording's; shown by that, pictures have the rhythm in which they were
taken, and stand beside the sound, whose packets likewise count from when they were complete. There is no jitter to
hide: the file knows what comes next. A clip never travelled: its clock is the recording's.
"""

from collections import deque

import numpy as np

from codec.bundle import TICK_MS, TIME_MODULUS, parse_bundle
from codec.recording import Record

_WINDOW_MS = 15_000
_USUAL_SPAN_MS = 120
_LONGEST_SPAN_MS = 640
_RESTART_MS = 2_000


def clip_times_ms(bundles: list[Record]) -> list[float]:
    """Return when to show the first frame of each bundle of a clip, ms of the recording; file order.

    A bundle whose clock is far from its record's is shown with that. Raises `WireError` if a payload is no bundle.
    """
    shown: list[float] = []
    for record in bundles:
        stands = round(record.time_ms / TICK_MS)
        early = (stands - parse_bundle(record.payload).header.time_ticks + TIME_MODULUS // 2) % TIME_MODULUS
        early_ms = (early - TIME_MODULUS // 2) * TICK_MS
        is_near = abs(early_ms) <= _WINDOW_MS
        shown.append(stands * TICK_MS - early_ms if is_near else record.time_ms - _USUAL_SPAN_MS)
    return shown


def show_times_ms(bundles: list[Record]) -> list[float]:
    """Return when to show the first frame of each bundle of one participant of a call, ms of the recording; file order.

    Raises `WireError` if a payload is no bundle.
    """
    media: list[int] = []
    for record in bundles:
        ticks = parse_bundle(record.payload).header.time_ticks
        before = media[-1] if media else ticks
        media.append(before + (ticks - before + TIME_MODULUS // 2) % TIME_MODULUS - TIME_MODULUS // 2)
    offsets = [record.time_ms - ticks * TICK_MS for record, ticks in zip(bundles, media, strict=True)]
    span_ms = _span_ms(media)
    nearby: deque[int] = deque()
    ahead = 0
    shown: list[float] = []
    for index, record in enumerate(bundles):
        while ahead < len(bundles) and bundles[ahead].time_ms <= record.time_ms + _WINDOW_MS:
            nearby.append(ahead)
            ahead += 1
        while nearby and bundles[nearby[0]].time_ms < record.time_ms - _WINDOW_MS:
            nearby.popleft()
        # A clock that started over is another clock.
        own = offsets[index]
        fastest = min(offsets[other] for other in nearby if abs(offsets[other] - own) < _RESTART_MS)
        shown.append(media[index] * TICK_MS + fastest - span_ms)
    return shown


def _span_ms(media: list[int]) -> float:
    """Return the usual time from a bundle's first frame to the next one's."""
    steps = np.diff(media) * TICK_MS
    usual = steps[(steps > 0) & (steps <= _LONGEST_SPAN_MS)]
    return float(np.median(usual)) if usual.size else _USUAL_SPAN_MS
