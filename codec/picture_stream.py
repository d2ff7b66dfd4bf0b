"""The pictures of one sender's keyframes as an AV1 stream: each is predicted from those before it.

A new keyframe shows the same person before the same background as the last ones, so that most of it is known already:
at equal LPIPS it takes about half the bytes of a picture of its own (docs/measurements.md, 'Keyframes').
"""

import weakref
from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorRange, Colorspace

from codec.av1_units import count_frames
from codec.errors import PictureError, UnknownKeyframeError
from codec.intra_picture import (
    LARGEST_PIXELS,
    TEMPORAL_DELIMITER,
    Picture,
    PictureCodec,
    decode_picture,
    kept_scheduling,
)
from codec.keyframes import NUMBERS, Keyframe

#: Low delay, one picture in, one temporal unit out, no key frame of SVT-AV1's own choice. Bits go where variance is low
#: (skin), which LPIPS rewards; level of parallelism 1: no thread storm.
_PARAMETERS = "pred-struct=1:hierarchical-levels=2:keyint=-1:lp=1:enable-variance-boost=1:variance-octile=4:ac-bias=1.0"


class PictureStreamEncoder:
    """Codes square pictures of one size at one quality. Begin a new one to begin with an intra picture."""

    def __init__(self, side: int, crf: int, intra_offset: int | None = None) -> None:
        """`crf` is 1 (best) … 63, of pictures on average: the first, and every fourth, are finer.

        With `intra_offset` all are of that quality but the first, whose quantiser index (0…255) is so much higher
        (−64…63).
        """
        self._side = side
        self._count = 0
        encoder = av.CodecContext.create("libsvtav1", "w")
        encoder.width = encoder.height = side
        encoder.pix_fmt = "yuv420p"
        encoder.time_base = Fraction(1, 25)
        parameters = _PARAMETERS
        if intra_offset is not None:
            parameters += f":use-fixed-qindex-offsets=1:key-frame-qindex-offset={intra_offset}"
        encoder.options = {"crf": str(crf), "preset": "4", "svtav1-params": parameters}
        self._encoder = encoder
        # The encoder complains on stderr if it ends without being told.
        weakref.finalize(self, _flush, encoder)

    def encode(self, picture: Picture) -> tuple[PictureCodec, bytes]:
        """Code a (side, side, 3) RGB picture. Raises `PictureError` for another shape or type."""
        if picture.shape != (self._side, self._side, 3) or picture.dtype != np.uint8:
            raise PictureError(f"a picture of this stream is {self._side}², got {picture.shape} {picture.dtype}")
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24").reformat(
            format="yuv420p", dst_colorspace=Colorspace.ITU601, dst_color_range=ColorRange.MPEG
        )
        frame.pts = self._count
        with kept_scheduling():
            packets = [bytes(packet) for packet in self._encoder.encode(frame)]
        if len(packets) != 1:
            raise PictureError(f"the AV1 encoder gave {len(packets)} units for one picture")
        codec = PictureCodec.AV1_NEXT if self._count else PictureCodec.AV1
        self._count += 1
        return codec, packets[0].removeprefix(TEMPORAL_DELIMITER)


def _flush(encoder: VideoCodecContext) -> None:
    with kept_scheduling():
        encoder.encode(None)


class PictureStreamDecoder:
    """Decodes the pictures of one sender's keyframes, in the order of their numbers."""

    def __init__(self) -> None:
        self._decoder: VideoCodecContext | None = None
        self._next_number: int | None = None

    @property
    def is_broken(self) -> bool:
        """Whether only an intra picture can be decoded next."""
        return self._decoder is None

    def decode(self, keyframe: Keyframe) -> Picture:
        """Return the (side, side, 3) RGB picture.

        Raises `UnknownKeyframeError` if it continues a picture that was not decoded last, `PictureError` if it is
        broken; then its successors are refused until the next intra picture.
        """
        if keyframe.picture_codec not in (PictureCodec.AV1, PictureCodec.AV1_NEXT):
            return decode_picture(keyframe.picture_codec, keyframe.picture, keyframe.side)
        if keyframe.picture_codec is PictureCodec.AV1:
            self._decoder = cast(VideoCodecContext, av.CodecContext.create("libdav1d", "r"))
            self._decoder.thread_count = 1
            self._decoder.options = {"max_frame_delay": "1", "max_pixels": str(LARGEST_PIXELS)}
        elif self._decoder is None or keyframe.number != self._next_number:
            raise UnknownKeyframeError((keyframe.number - 1) % NUMBERS)
        try:
            picture = self._picture(keyframe)
        except PictureError:
            self._decoder = None
            raise
        self._next_number = (keyframe.number + 1) % NUMBERS
        return picture

    def _picture(self, keyframe: Keyframe) -> Picture:
        assert self._decoder is not None
        what = f"the {keyframe.picture_codec.name} picture of keyframe {keyframe.number}"
        # The decoder would keep the second of two frames for the next keyframe.
        if count_frames(keyframe.picture) != 1:
            raise PictureError(f"{what} holds {count_frames(keyframe.picture)} frames, expected one")
        try:
            frames = self._decoder.decode(av.Packet(keyframe.picture))
        except av.FFmpegError as error:
            raise PictureError(f"{what}, {len(keyframe.picture)} bytes, does not decode: {error}") from error
        if len(frames) != 1:
            raise PictureError(f"{what} holds {len(frames)} pictures, expected one")
        if (frames[0].width, frames[0].height) != (keyframe.side, keyframe.side):
            raise PictureError(f"{what} is {frames[0].width}×{frames[0].height}, its header says {keyframe.side}²")
        rgb = frames[0].reformat(format="rgb24", src_colorspace=Colorspace.ITU601, src_color_range=ColorRange.MPEG)
        return cast(Picture, rgb.to_ndarray())
