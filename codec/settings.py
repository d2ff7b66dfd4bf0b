"""Every number of the sender's codec that could be tuned. The wire does not depend on any of them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """Settings of one sender."""

    picture_side: int = 256  #: of keyframes, pixels
    keyframe_crf: int = 44  #: AV1 quality, 1 (best) to 63
    largest_intra_bytes: int = (
        60_000  #: what a picture that begins a chain may cost (a record holds no more than 64 kB)
    )
    bundle_ms: int = 120
    lookahead_ms: int = 0  #: how long a frame waits for a keyframe that might follow it; 0 in a call
    hysteresis: float = 0.22  #: of the motion quantiser, in steps beyond one half
    pool_size: int = 8  #: keyframes that the sender may pick from
    new_keyframe_px: float = 7.0  #: landmark distance at 256² from which no pooled keyframe is good enough
    new_keyframe_ms: int = 160  #: for so long
    keyframe_interval_ms: int = 1000  #: shortest time between keyframes
    jump_interval_ms: int = 400  #: the same after the crop has jumped
    keyframe_kbps: float = 3.0  #: what keyframes may cost on average
    keyframe_burst_bytes: int = 12_000  #: and how much of that may be spent at once
    greeting_keyframes: int = 4  #: how many a newcomer gets unasked, if each stands alone
    greeting_bytes: int = (
        16_000  #: what somebody without keyframes is sent at most; if more is needed, a new chain begins
    )
    chain_bytes: int = 48_000  #: and it begins when the newest has grown to this
    keyframe_lead_ms: int = 400  #: how long a new keyframe may travel before frames pick it
    translation_share: float = 0.3  #: how much a mere shift of the face counts in that distance
    mouth_share: float = 1.0  #: how much a difference of the mouths' opening counts on top
    apart_px_per_s: float = 0.0  #: what time between frame and keyframe counts on top when one is picked
    repick_share: float = 0.15  #: another keyframe is picked only if it is nearer by this share
    shows_plain: bool = False  #: whether pictures are shown as they are where no face can be animated
    plain_interval_ms: int = 120  #: shortest time between those
    judge_interval_ms: int = 80  #: how often the closed loop looks at what a receiver sees
    #: Pictures as they are take over where animation looks worse by this (LPIPS, estimated): not for a little, since
    #: their lips stand still in between.
    plain_above: float = 0.06
    animated_below: float = 0.035  #: and animation again where it looks worse by no more than this
    plain_after_ms: int = 400  #: either has to last, on average, for so long
    animated_after_ms: int = 480
    faceless_interval_ms: int = 400  #: between frames without a face, once the face is gone for longer than that
    absence_ms: int = 1500  #: after so long without a face, the next face is taken for another person's
