"""A media file to be coded: upright pictures with square pixels, at most 25 a second, and sound on the same clock."""

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition
from av.video.reformatter import Interpolation

from codec.intra_picture import Picture
from server.native.capture import Captured, open_media
from server.native.errors import DeviceError
from server.native.voice_codec import SAMPLE_RATE, Samples

FRAME_MS = 40
_LARGEST_RATE = Fraction(51, 2)
_SIDE_LIMIT = 1280
_ODDEST_PIXELS = 4
#: A clock that goes back or forward by more than this has started over.
_LONGEST_FALL_MS, _LONGEST_PAUSE_MS = 1000, 60_000
#: Sound nearer to its place than this stays where it is.
_SLACK = SAMPLE_RATE // 20
_SAMPLES_PER_MS = SAMPLE_RATE // 1000


class MediaFile:
    """One file's first video stream and first audio stream. Each iterator reads the file anew."""

    def __init__(self, path: Path) -> None:
        """Look at the file. Raises `DeviceError` if it cannot be read or has no picture that decodes."""
        self.broken = 0  #: packets that did not decode, so far
        self._path = path
        with open_media(path) as container:
            videos = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
            if not videos:
                raise DeviceError(f"{path} has no pictures{_what_it_has(container)}: a video is needed")
            self._video = videos[0].index
            self.has_sound = bool(container.streams.audio)
            #: Seconds, 0 where the file does not say.
            self.duration_s = (container.duration or 0) / av.time_base
            self.created = _iso_time(container.metadata.get("creation_time", ""))
            self._start_s = (container.start_time or 0) / av.time_base
            rate = videos[0].average_rate
            ratio = videos[0].sample_aspect_ratio
            self._pixel_ratio = float(ratio) if ratio and _ODDEST_PIXELS > ratio > 1 / _ODDEST_PIXELS else 1.0
            self._on_grid = rate is not None and rate > _LARGEST_RATE
        first = next(self._frames(self._video), None)
        if not isinstance(first, av.VideoFrame):
            raise DeviceError(f"{path} has a video stream of which no picture can be decoded")
        #: Width and height of its pictures as they are to be seen, and the whole number by which they are made smaller.
        self.size, self.shrink = _seen_size(first, self._pixel_ratio)

    def pictures(self) -> Iterator[Captured]:
        """Yield (height, width, 3) RGB pictures, halved (or more) where they are larger than 1 280 pixels.

        Files of more than 25 pictures a second are brought to a grid of 40 ms; others keep their times. What does not
        decode is left out.
        """
        last_slot, last_ms, shift_ms = -1, 0.0, 0.0
        for frame in self._frames(self._video):
            assert isinstance(frame, av.VideoFrame)
            step_ms = (frame.time - self._start_s) * 1000 + shift_ms - last_ms if frame.time is not None else FRAME_MS
            if not -_LONGEST_FALL_MS < step_ms < _LONGEST_PAUSE_MS:
                shift_ms += FRAME_MS - step_ms
                step_ms = FRAME_MS
            time_ms = max(0.0, last_ms + step_ms)
            slot = round(time_ms / FRAME_MS)
            if slot > last_slot:
                last_slot, last_ms = slot, time_ms
                yield Captured(_upright(frame, self._pixel_ratio), slot * FRAME_MS if self._on_grid else time_ms)

    def sound(self, chunk: int) -> Iterator[Samples]:
        """Yield `chunk` samples at a time of mono 48 kHz sound, from the file's first moment to the sound's end.

        Where the file has none there is silence. Nothing is yielded for a file without sound.
        """
        waiting = np.zeros(0, np.int16)
        for piece in self._placed_sound():
            waiting = np.concatenate([waiting, piece])
            for start in range(0, waiting.size - chunk + 1, chunk):
                yield waiting[start : start + chunk]
            waiting = waiting[waiting.size - waiting.size % chunk :]
        if waiting.size:
            yield np.pad(waiting, (0, chunk - waiting.size))

    def _placed_sound(self) -> Iterator[Samples]:
        """Yield sound piece by piece, each in the place that its time says."""
        if not self.has_sound:
            return
        with open_media(self._path) as container:
            stream = container.streams.audio[0].index
        resampler = av.AudioResampler("s16", "mono", SAMPLE_RATE)
        position = 0
        for frame in chain(self._frames(stream), [None]):
            assert frame is None or isinstance(frame, av.AudioFrame)
            try:
                samples = [resampled.to_ndarray()[0] for resampled in resampler.resample(frame)]
            except (av.FFmpegError, ValueError):
                # The stream has changed its layout or rate.
                resampler = av.AudioResampler("s16", "mono", SAMPLE_RATE)
                self.broken += 1
                continue
            piece = np.concatenate([np.zeros(0, np.int16), *samples])
            if frame is not None and frame.time is not None:
                offset = round((frame.time - self._start_s) * SAMPLE_RATE) - position
                if _SLACK < offset < _LONGEST_PAUSE_MS * _SAMPLES_PER_MS:
                    yield np.zeros(offset, np.int16)
                    position += offset
                elif -_LONGEST_PAUSE_MS * _SAMPLES_PER_MS < offset < -_SLACK:
                    piece = piece[-offset:]
            position += piece.size
            yield piece

    def _frames(self, stream: int) -> Iterator[av.VideoFrame | av.AudioFrame]:
        with open_media(self._path) as container:
            wanted = container.streams[stream]
            try:
                for packet in container.demux(wanted):
                    try:
                        frames = packet.decode()
                    except av.FFmpegError:
                        self.broken += 1
                        continue
                    yield from (frame for frame in frames if isinstance(frame, av.VideoFrame | av.AudioFrame))
            except av.FFmpegError:
                self.broken += 1


def _upright(frame: av.VideoFrame, pixel_ratio: float) -> Picture:
    """Return a frame as it is to be seen: its pixels square, its rotation (a multiple of 90°) applied."""
    (width, height), shrink = _seen_size(frame, pixel_ratio)
    if _is_on_its_side(frame):
        width, height = height, width
    scaling = Interpolation.AREA if shrink > 1 else Interpolation.BICUBIC
    rgb = frame.reformat(max(1, width // shrink), max(1, height // shrink), "rgb24", interpolation=scaling)
    return np.ascontiguousarray(np.rot90(rgb.to_ndarray(), round(frame.rotation / 90)), np.uint8)


def _seen_size(frame: av.VideoFrame, pixel_ratio: float) -> tuple[tuple[int, int], int]:
    """Return a frame's width and height as it is to be seen, and by how much it is to be made smaller."""
    size = round(frame.width * pixel_ratio), frame.height
    return size[::-1] if _is_on_its_side(frame) else size, -(-max(size) // _SIDE_LIMIT)


def _is_on_its_side(frame: av.VideoFrame) -> bool:
    return round(frame.rotation / 90) % 2 != 0


def _what_it_has(container: "av.container.InputContainer") -> str:
    return ", only sound" if container.streams.audio else ""


def _iso_time(text: str) -> str:
    """Return a time in ISO 8601, or nothing if it is none."""
    try:
        return datetime.fromisoformat(text).isoformat(timespec="seconds")
    except ValueError:
        return ""
