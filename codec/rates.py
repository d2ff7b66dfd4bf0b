"""Settings of the live encoder that go with a rate or with a quality."""

from dataclasses import replace

import numpy as np

from codec.settings import EncoderSettings

#: Bundles of motion cost about this much; keyframes get the rest.
_MOTION_KBPS = 2.0
#: The bucket holds so many seconds' worth of keyframes.
_BURST_S = 3
#: What goes with a rate: quality of keyframes, and when to add one. A poor keyframe spoils everything after it, so that
#: at low rates there are few rather than poor ones.
_RATES_KBPS = (3.5, 6.0, 12.0, 24.0)
_KEYFRAME_CRF = (54, 50, 46, 40)
_NEW_KEYFRAME_PX = (12.0, 8.0, 7.0, 5.0)
_KEYFRAME_INTERVAL_MS = (1500, 1000, 1000, 600)

WORST_QUALITY, BEST_QUALITY = 0.0, 100.0
#: The same by quality, from worst to best.
_QUALITIES = (0.0, 50.0, 100.0)
_QUALITY_CRF = (58, 44, 28)
_QUALITY_PX = (14.0, 7.0, 3.5)
#: With a quality asked for, keyframes may cost what they cost.
_UNLIMITED_KBPS = 1_000.0


def settings_for_rate(kbps: float) -> EncoderSettings:
    """Return the live encoder's settings whose payload should come near `kbps` on a lively clip.

    Nothing closes the loop on the rate: a calm clip takes less.
    """
    keyframe_kbps = max(0.5, kbps - _MOTION_KBPS)
    return EncoderSettings(
        keyframe_crf=round(_at_rate(kbps, _KEYFRAME_CRF)),
        keyframe_kbps=keyframe_kbps,
        keyframe_burst_bytes=round(keyframe_kbps * _BURST_S * 1000 / 8),
        new_keyframe_px=_at_rate(kbps, _NEW_KEYFRAME_PX),
        keyframe_interval_ms=round(_at_rate(kbps, _KEYFRAME_INTERVAL_MS)),
    )


def settings_for_quality(quality: float) -> EncoderSettings:
    """Return the live encoder's settings for a quality from 0 to 100; 50 is a call's, at whatever rate it takes."""
    return replace(
        EncoderSettings(),
        keyframe_crf=round(float(np.interp(quality, _QUALITIES, _QUALITY_CRF))),
        new_keyframe_px=float(np.interp(quality, _QUALITIES, _QUALITY_PX)),
        keyframe_kbps=_UNLIMITED_KBPS,
    )


def _at_rate(kbps: float, values: tuple[float, ...]) -> float:
    """Interpolate over the logarithm of the rate."""
    return float(np.interp(np.log(kbps), np.log(_RATES_KBPS), values))
