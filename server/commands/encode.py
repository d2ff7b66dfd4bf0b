"""`facewire encode`: code a video file into a recording."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from codec.animator import Animator
from codec.crop import Crop, FixedCrop, StableCrop, WholePicture
from codec.errors import OptionError
from codec.file_encoder import CodingMode, FileEncoder, FileSettings
from server.native.file_encoding import ClipPlace, EncodingFigures, encode_file
from server.native.media_file import MediaFile
from server.native.voice_codec import VoiceEncoding

if TYPE_CHECKING:
    # The class is generic to type checkers only.
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_SIDES = (256, 512)
_STOPPED = 130
_EXAMPLES = """\
examples:
  facewire encode talk.mp4 talk.fwr                      as a call would send it: motion, keyframes, voice
  facewire encode talk.mov talk.fwr --kbps 6             pictures at about 6 kbit/s
  facewire encode talk.mp4 talk.fwr --quality 80         as good as that takes, at whatever rate
  facewire encode square.webm talk.fwr --crop none       the picture is framed well already: send all of it
  facewire encode panel.mp4 ann.fwr --crop 420,80,360    one of several people: a square of 360 pixels at x 420, y 80
  facewire encode part2.mp4 talk.fwr --append            go on where talk.fwr ends

Look at the result with `facewire info talk.fwr`, play it out with `facewire decode talk.fwr talk-out.mp4`, send it into
a call with `facewire join LINK --replay talk.fwr`.

Anything that FFmpeg reads can be coded; more than 25 pictures a second are brought down to that. One face is coded, the
clearest. On one machine the same input gives the same bytes.
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "encode",
        help="code a video file into a recording (.fwr)",
        description="Code a video of somebody talking into a recording: motion, keyframes, and the voice in Opus.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("video", metavar="IN", type=Path, help="a video file")
    parser.add_argument("recording", metavar="OUT.fwr", type=Path)
    parser.add_argument(
        "--mode",
        choices=[mode.value for mode in CodingMode],
        default=CodingMode.LIVE.value,
        help="how far the encoder may look ahead for better keyframes: live not at all, as in a call, lookahead by a "
        "second, recording by more and with longer bundles (default: %(default)s)",
    )
    aim = parser.add_mutually_exclusive_group()
    aim.add_argument("--kbps", type=float, metavar="N", help="aim at N kbit/s for motion and keyframes; sound is extra")
    aim.add_argument("--quality", type=float, metavar="0–100", help="aim at a quality instead; 50 is a call's")
    parser.add_argument(
        "--size", type=int, choices=_SIDES, default=_SIDES[0], help="side of the pictures (default: %(default)s)"
    )
    parser.add_argument(
        "--crop",
        default="face",
        metavar="none|face|X,Y,SIDE",
        help="the square that is coded: the middle of the picture, one that follows the face, or one of SIDE pixels "
        "whose upper left corner is at X, Y (default: %(default)s)",
    )
    parser.add_argument("--no-audio", action="store_true", help="leave the sound out")
    parser.add_argument("--append", action="store_true", help="go on where OUT.fwr ends, if there is one")


def run(arguments: argparse.Namespace) -> int:
    """Code a file; returns the exit status. Raises `CodecError` or `DeviceError` if it cannot."""
    settings = FileSettings(CodingMode(arguments.mode), arguments.kbps, arguments.quality, arguments.size)
    media = MediaFile(arguments.video)
    if arguments.recording.exists() and arguments.recording.samefile(arguments.video):
        raise OptionError(f"{arguments.video} cannot be read and written at once: name another file")
    animator = _animator(settings.side)
    encoder = FileEncoder(settings, chosen_crop(arguments.crop, media), animator=animator)
    name = arguments.video.stem[:64]
    place = (ClipPlace.behind if arguments.append else ClipPlace.new)(arguments.recording, name)
    voice = None if arguments.no_audio else VoiceEncoding()
    with tqdm(total=round(media.duration_s, 1) or None, unit="s", leave=False, disable=None) as bar:
        try:
            figures = encode_file(media, encoder, place, voice, lambda done_s: bar.update(round(done_s, 1) - bar.n))
        except KeyboardInterrupt:
            print(f"stopped: {arguments.recording} holds what was coded so far", file=sys.stderr)
            return _STOPPED
    if media.broken:
        print(f"{arguments.video}: {media.broken} packets do not decode and were left out", file=sys.stderr)
    print(f"{arguments.recording}: {_sentence(figures, media.has_sound and not arguments.no_audio)}")
    return 0


def chosen_crop(text: str, media: MediaFile) -> StableCrop | WholePicture | FixedCrop:
    """Return the crop that `--crop` asks for. Raises `OptionError` if it is none, or not inside the pictures."""
    if text == "face":
        return StableCrop()
    if text == "none":
        return WholePicture()
    parts = text.split(",")
    if len(parts) != 3 or not all(part.strip().isdecimal() for part in parts):
        raise OptionError(f"--crop {text!r}, expected none, face, or X,Y,SIDE in pixels such as 420,80,360")
    left, top, side = map(int, parts)
    width, height = media.size
    if left + side > width or top + side > height:
        raise OptionError(f"--crop {text} does not lie in pictures of {width} × {height} pixels")
    return FixedCrop(Crop(left // media.shrink, top // media.shrink, side // media.shrink))


def _animator(side: int) -> Animator:
    """Return the weights that players will draw with. Raises `OptionError` if they draw no pictures of this size."""
    animator = Animator(provider="cpu")
    if animator.side != side:
        raise OptionError(
            f"--size {side}: the weights {animator.name!r} draw {animator.side}² only; "
            f"set FACEWIRE_WEIGHTS to a folder with weights that draw {side}², or leave --size out"
        )
    return animator


def _sentence(figures: EncodingFigures, has_sound: bool) -> str:
    rate = f"{figures.kbps:.2f} kbit/s"
    rate += f" ({figures.picture_kbps:.2f} without the sound)" if has_sound else ", no sound"
    return (
        f"{figures.seconds:.1f} s in {figures.file_bytes} bytes, {rate}; {figures.keyframes} keyframes, "
        f"{figures.faceless} of {figures.frames} pictures without a face; coded at "
        f"{figures.seconds / figures.elapsed_s:.1f} × real time"
    )
