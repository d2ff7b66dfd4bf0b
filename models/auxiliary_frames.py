"""Auxiliary frames as a receiver has them: small pictures really coded with AV1, low delay, at a fixed quantiser."""

from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorRange, Colorspace

from codec.encoder import resize
from codec.intra_picture import kept_scheduling
from models.auxiliary_settings import AUXILIARY_SIDE, FRAMES_PER_AUXILIARY
from models.clips import Pictures

_TIME_BASE = Fraction(FRAMES_PER_AUXILIARY, 25)


def code_auxiliary(pictures: Pictures, crf: int) -> tuple[Pictures, float]:
    """Code every second of (frames, side, side, 3) pictures at 64² with SVT-AV1's low-delay structure.

    `crf` is 1 (best) … 63. Returns the decoded ((frames + 1) // 2, 64, 64, 3) pictures and their kbit/s without the
    first one, which is intra.
    """
    encoder = av.CodecContext.create("libsvtav1", "w")
    encoder.width = encoder.height = AUXILIARY_SIDE
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = _TIME_BASE
    encoder.options = {"crf": str(crf), "preset": "8", "svtav1-params": "pred-struct=1:lp=1:keyint=-1"}
    packets: list[bytes] = []
    with kept_scheduling():
        for number, picture in enumerate(pictures[::FRAMES_PER_AUXILIARY]):
            frame = av.VideoFrame.from_ndarray(resize(picture, AUXILIARY_SIDE), "rgb24").reformat(
                format="yuv420p", dst_colorspace=Colorspace.ITU601, dst_color_range=ColorRange.MPEG
            )
            frame.pts = number
            packets += [bytes(packet) for packet in encoder.encode(frame)]
        packets += [bytes(packet) for packet in encoder.encode(None)]
    decoder = cast(VideoCodecContext, av.CodecContext.create("libdav1d", "r"))
    decoder.thread_count = 1
    decoded = [frame for packet in packets for frame in decoder.decode(av.Packet(packet))]
    decoded += decoder.decode(None)
    coded = np.stack(
        [
            frame.reformat(
                format="rgb24", src_colorspace=Colorspace.ITU601, src_color_range=ColorRange.MPEG
            ).to_ndarray()
            for frame in decoded
        ]
    )
    seconds = max(len(coded) - 1, 1) * float(_TIME_BASE)
    kbps = sum(len(packet) for packet in packets[1:]) * 8 / 1000 / seconds
    return cast(Pictures, coded), kbps
