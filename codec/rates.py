"""Settings of a file's encoder that go with a rate or with a quality.

A small new keyframe every half a second or so, and the motion of the face in between: of all divisions of the bits
between quality and number of keyframes, that came off best (docs/measurements.md, 'Keyframes').
"""

import numpy as np

from codec.settings import EncoderSettings

#: Quality of keyframes by rate, AV1's constant quality. The rate decides above all how many there are.
_RATES_KBPS = (4.0, 6.0, 9.0, 13.0, 20.0, 32.0, 60.0)
_KEYFRAME_CRF = (61, 59, 56, 53, 49, 43, 35)
#: A chain's first picture costs at most what the rate carries in this time: what it spoils stays spoilt for long.
_LARGEST_INTRA_S = 2.3
_KEYFRAME_INTERVAL_MS = 160
#: Pictures of another time show other light, hair and hands; this much landmark distance makes up for a second.
_APART_PX_PER_S = 4.0
#: Of a still face no new keyframe is made.
_STILL_PX = 1.5
#: Below this rate bundles are twice as long.
_LONG_BUNDLES_KBPS = 10.0
_BUNDLE_MS, _LONG_BUNDLE_MS = 120, 240

WORST_QUALITY, CALL_QUALITY, BEST_QUALITY = 0.0, 50.0, 100.0
#: What a quality means, from worst to best: AV1's constant quality, and the shortest time between keyframes.
_QUALITIES = (WORST_QUALITY, CALL_QUALITY, BEST_QUALITY)
_QUALITY_CRF = (60, 50, 36)
_QUALITY_INTERVAL_MS = (1000, 520, 240)


def settings_for_rate(kbps: float) -> EncoderSettings:
    """Return the encoder's settings for a rate of motion and keyframes; a `RateBudget` keeps them to it."""
    return EncoderSettings(
        keyframe_crf=round(float(np.interp(np.log(kbps), np.log(_RATES_KBPS), _KEYFRAME_CRF))),
        largest_intra_bytes=round(_LARGEST_INTRA_S * kbps * 1000 / 8),
        new_keyframe_px=_STILL_PX,
        new_keyframe_ms=0,
        apart_px_per_s=_APART_PX_PER_S,
        keyframe_interval_ms=_KEYFRAME_INTERVAL_MS,
        bundle_ms=_LONG_BUNDLE_MS if kbps < _LONG_BUNDLES_KBPS else _BUNDLE_MS,
    )


def settings_for_quality(quality: float) -> EncoderSettings:
    """Return the encoder's settings for a quality from 0 to 100, at whatever rate it takes."""
    return EncoderSettings(
        keyframe_crf=round(float(np.interp(quality, _QUALITIES, _QUALITY_CRF))),
        new_keyframe_px=_STILL_PX,
        new_keyframe_ms=0,
        apart_px_per_s=_APART_PX_PER_S,
        keyframe_interval_ms=round(float(np.interp(quality, _QUALITIES, _QUALITY_INTERVAL_MS))),
    )
