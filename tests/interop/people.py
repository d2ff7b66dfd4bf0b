"""People made of files: what their cameras see and what they say."""

from dataclasses import dataclass
from pathlib import Path

from server.bench.browser import write_camera, write_microphone
from server.bench.material import demonstration_clip, talking_clip


@dataclass(frozen=True)
class Person:
    """Somebody made of files."""

    name: str
    camera: Path
    microphone: Path
    clip: Path


def make_people(folder: Path) -> dict[str, Person]:
    """Return two people: the clip in a package, and the demonstration participant; they speak different sentences."""
    demonstration = demonstration_clip()
    ann = Person("Ann", folder / "ann.y4m", folder / "ann.wav", talking_clip())
    bob = Person("Bob", folder / "bob.y4m", folder / "bob.wav", demonstration)
    write_camera(ann.clip, ann.camera, 352, 288, numbered=True)
    write_camera(bob.clip, bob.camera, 480, 480, seconds=20, numbered=True)
    write_microphone(demonstration, ann.microphone, from_s=20, seconds=16)
    write_microphone(demonstration, bob.microphone, from_s=0, seconds=16)
    return {"Ann": ann, "Bob": bob}
