"""One face's pictures as a video stream that any number of viewers share: each picture is encoded once."""

from enum import StrEnum
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from av.video.reformatter import ColorRange, Colorspace

from codec.intra_picture import Picture

_TIME_BASE = Fraction(1, 1000)
#: An intra picture at least so often: whoever lost a packet and whose request was lost too sees well again by then.
_LONGEST_GROUP_S = 10


class VideoCodec(StrEnum):
    """A codec that every browser decodes (RFC 7742, section 5), by its name in SDP."""

    VP8 = "video/VP8"
    H264 = "video/H264"


class VideoStream:
    """The encoder of one face for one codec. Not thread-safe, but for `request_keyframe`."""

    def __init__(self, codec: VideoCodec, side: int, fps: float, kbps: float) -> None:
        """Prepare for (side, side, 3) RGB pictures, `fps` a second, at `kbps` kbit/s."""
        self._encoder = _open_encoder(codec, side, fps, round(kbps * 1000))
        self._wants_keyframe = True

    @property
    def wants_keyframe(self) -> bool:
        """Whether somebody waits for a whole picture, new or not."""
        return self._wants_keyframe

    def request_keyframe(self) -> None:
        """Make the next picture a whole one."""
        self._wants_keyframe = True

    def encode(self, picture: Picture, now_ms: float) -> "av.Packet[Any] | None":
        """Return a picture's packet, on the clock of `now_ms`; None where the encoder drops it to keep to its rate."""
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24").reformat(
            format="yuv420p", dst_colorspace=Colorspace.ITU601, dst_color_range=ColorRange.MPEG
        )
        frame.pts, frame.time_base = round(now_ms), _TIME_BASE
        frame.pict_type = PictureType.I if self._wants_keyframe else PictureType.NONE
        data = b"".join(bytes(packet) for packet in self._encoder.encode(frame))
        if not data:
            return None
        self._wants_keyframe = False
        packet = av.Packet(data)
        packet.pts, packet.time_base = frame.pts, _TIME_BASE
        return packet


def _open_encoder(codec: VideoCodec, side: int, fps: float, bits_per_s: int) -> VideoCodecContext:
    """Return an encoder of constant bitrate that gives each picture's packet at once."""
    encoder = av.CodecContext.create("libvpx" if codec is VideoCodec.VP8 else "libx264", "w")
    encoder.width = encoder.height = side
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = _TIME_BASE
    encoder.framerate = Fraction(fps).limit_denominator(1000)
    encoder.gop_size = round(_LONGEST_GROUP_S * fps)
    encoder.bit_rate = bits_per_s
    encoder.thread_count = 1
    rate = {"minrate": str(bits_per_s), "maxrate": str(bits_per_s), "bufsize": str(bits_per_s)}
    if codec is VideoCodec.VP8:
        encoder.options = rate | {"deadline": "realtime", "cpu-used": "-6", "lag-in-frames": "0", "static-thresh": "1"}
    else:
        encoder.options = rate | {"preset": "veryfast", "tune": "zerolatency", "level": "31", "forced-idr": "1"}
        encoder.profile = "Baseline"
    return encoder
