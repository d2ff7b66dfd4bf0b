"""Cameras and microphones for the browsers: files made once for the whole run."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from server.bench.browser import BrowserError, chromium_path, write_camera, write_microphone
from server.bench.material import demonstration_clip, talking_clip
from server.bench.server_process import ServerProcess

_OBSERVER = Path(__file__).parent / "observer.js"


@dataclass(frozen=True)
class Person:
    """Somebody made of files."""

    name: str
    camera: Path
    microphone: Path
    clip: Path


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Person]:
    """Return two people: the clip in a package, and the demonstration participant; they speak different sentences."""
    try:
        chromium_path()
    except BrowserError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("people")
    demonstration = demonstration_clip()
    ann = Person("Ann", folder / "ann.y4m", folder / "ann.wav", talking_clip())
    bob = Person("Bob", folder / "bob.y4m", folder / "bob.wav", demonstration)
    write_camera(ann.clip, ann.camera, 352, 288, numbered=True)
    write_camera(bob.clip, bob.camera, 480, 480, seconds=20, numbered=True)
    write_microphone(demonstration, ann.microphone, from_s=20, seconds=16)
    write_microphone(demonstration, bob.microphone, from_s=0, seconds=16)
    return {"Ann": ann, "Bob": bob}


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess() as running:
        yield running


def observe(pages: dict[Any, int], seconds: float) -> list[dict[str, Any]]:
    """Watch all pages at once; `pages` maps each page to the participant whose tile is watched.

    Says how fast the slower browser tracked its camera: below 12 pictures a second the machine decides what is seen.
    """
    observer = _OBSERVER.read_text()
    script = observer[observer.index("async") :].strip().rstrip(";")
    for page, participant in pages.items():
        page.evaluate(
            f"(options) => {{ window.observed = ({script})(options); }}",
            {"participant": participant, "seconds": seconds},
        )
    observed = [page.evaluate("window.observed") for page in pages]
    slowest = min(float(np.median(seen["trackedPerSecond"] or [0])) for seen in observed)
    print(f"the slower browser tracked {slowest:.1f} pictures a second")
    return observed
