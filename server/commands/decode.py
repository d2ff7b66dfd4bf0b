"""`facewire decode`: play a recording out to a video file."""

import argparse
import math
import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from tqdm import tqdm

from codec.animator import Animator
from codec.model_files import AUTO_TIER, TIERS, weights_folder
from server.native.errors import DeviceError
from server.native.play_out import Moment, PlayOut
from server.native.provenance import CONTAINER_OPTIONS, mark
from server.native.voice_codec import SAMPLE_RATE

if TYPE_CHECKING:
    # The class is generic to type checkers only.
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_VIDEO_CRF = 18
_VOICE_KBPS = 64
_LARGEST_FPS = 60
_EXAMPLES = """\
examples:
  facewire decode call.fwr call.mp4                     everybody, in a grid
  facewire decode call.fwr ann.mp4 --participant 2      one of them (`facewire info call.fwr` says who is who)
  facewire decode call.fwr part.mp4 --start 600 --seconds 60      one minute, from the tenth on
  facewire decode call.fwr call.mp4 --tier pocket       drawn by the trained network instead of the landmark warp

A damaged file is played out as far as it can be read, with a warning.
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "decode",
        help="play a recording (.fwr) out to a video file",
        description="Play a recording out to H.264 and AAC: one participant's pictures or a grid, all voices mixed.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("recording", metavar="IN.fwr", type=Path)
    parser.add_argument("video", metavar="OUT.mp4", type=Path)
    parser.add_argument(
        "--provider", choices=("auto", "cpu", "cuda"), default="auto", help="what draws (default: %(default)s)"
    )
    parser.add_argument(
        "--tier",
        choices=(AUTO_TIER, *TIERS),
        default=AUTO_TIER,
        help="which network draws; auto: that in FACEWIRE_WEIGHTS, else the landmark warp (default: %(default)s)",
    )
    parser.add_argument(
        "--fps", type=int, choices=range(1, _LARGEST_FPS + 1), metavar="1–60", default=25, help="(default: %(default)s)"
    )
    parser.add_argument("--participant", metavar="ID", type=int, help="only this one (default: everybody)")
    parser.add_argument("--start", metavar="S", type=_seconds, default=0.0, help="begin S seconds into the recording")
    parser.add_argument("--seconds", metavar="S", type=_seconds, help="play so long at most (default: to the end)")


def run(arguments: argparse.Namespace) -> int:
    """Play out; returns the exit status. Raises `CodecError` or `DeviceError` if it cannot."""
    animator = Animator(weights_folder(arguments.tier), arguments.provider)
    longest_s = math.inf if arguments.seconds is None else arguments.seconds
    playing = PlayOut(arguments.recording, animator, arguments.fps, arguments.participant, arguments.start, longest_s)
    write_video(playing, arguments.video, arguments.fps)
    if playing.damage is not None:
        print(f"{arguments.recording} is damaged: {playing.damage}", file=sys.stderr)
    if playing.broken:
        print(f"{playing.broken} records were left out: {playing.problem}", file=sys.stderr)
    seconds = playing.frames / arguments.fps
    print(f"{arguments.video}: {seconds:.1f} s of {', '.join(playing.names) or 'sound'}, drawn on {animator.provider}")
    return 0


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds from 0 on")
    return seconds


def write_video(playing: PlayOut, path: Path, fps: int) -> None:
    """Write a playing recording to a video file. Raises `DeviceError` if the file cannot be written."""
    try:
        with av.open(str(path), "w", options=CONTAINER_OPTIONS) as container:
            mark(container)
            video = container.add_stream("libx264", rate=fps)
            video.width, video.height = playing.size
            video.pix_fmt = "yuv420p"
            video.options = {"crf": str(_VIDEO_CRF), "preset": "veryfast"}
            sound = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
            sound.bit_rate = _VOICE_KBPS * 1000
            samples = 0
            moments = tqdm(playing.moments(), total=playing.frames, unit="frame", leave=False, disable=None)
            for index, moment in enumerate(moments):
                picture, voice = _frames(moment, index, samples, fps)
                samples += moment.sound.size
                container.mux(video.encode(picture))
                container.mux(sound.encode(voice))
            container.mux(video.encode(None))
            container.mux(sound.encode(None))
    except (OSError, av.FFmpegError, ValueError) as error:
        raise DeviceError(f"cannot write the video {path}: {error}") from error


def _frames(moment: Moment, index: int, samples: int, fps: int) -> tuple[av.VideoFrame, av.AudioFrame]:
    picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(moment.picture), "rgb24")
    picture.pts, picture.time_base = index, Fraction(1, fps)
    voice = av.AudioFrame.from_ndarray(moment.sound[None], "s16", "mono")
    voice.sample_rate = SAMPLE_RATE
    voice.pts, voice.time_base = samples, Fraction(1, SAMPLE_RATE)
    return picture, voice
