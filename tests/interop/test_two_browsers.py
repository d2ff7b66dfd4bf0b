"""Two real browsers in a room: each shows the other's face and plays the other's voice."""

from dataclasses import dataclass
from typing import Any

import pytest

from server.bench.browser import DRAWS_A_FACE, Browsers, wait_until
from server.bench.server_process import ServerProcess
from tests.interop.faces import Track, compare, track_camera, track_shown
from tests.interop.observing import observe
from tests.interop.people import Person
from tests.interop.sounds import best_correlation, envelope_heard, envelope_of_file

pytestmark = [pytest.mark.browser, pytest.mark.call, pytest.mark.timeout(240)]

_SECONDS = 12.0
_SETTLE_MS = 4000


@dataclass(frozen=True)
class Seen:
    """What one page showed and what its camera saw."""

    person: Person
    camera: Track
    shown: Track
    raw: dict[str, Any]


@pytest.fixture(scope="module")
def call(people: dict[str, Person], server: ServerProcess) -> dict[str, Seen]:
    with Browsers() as browsers:
        pages = {
            name: browsers.open(
                server.url("pair", f"?name={name}&autojoin=1&provider=wasm"), person.camera, person.microphone
            )
            for name, person in people.items()
        }
        for page in pages.values():
            wait_until(page, DRAWS_A_FACE, "the other's face is drawn")
        next(iter(pages.values())).wait_for_timeout(_SETTLE_MS)
        watched = {page: page.evaluate("window.facewire.statistics().remotes[0].id") for page in pages.values()}
        raws = observe(watched, _SECONDS)
    return {
        name: Seen(people[name], track_camera(people[name].camera, raw["camera"]), track_shown(raw["shown"]), raw)
        for name, raw in zip(pages, raws, strict=True)
    }


@pytest.mark.parametrize(("sender", "receiver"), [("Ann", "Bob"), ("Bob", "Ann")])
def test_the_others_face_is_shown(call: dict[str, Seen], sender: str, receiver: str) -> None:
    source, shown = call[sender].camera, call[receiver].shown
    agreement = compare(source, shown)
    print(f"{sender} as {receiver} sees: {agreement}")
    assert agreement.frames >= 60
    assert agreement.yaw_spread > 0.01, "the picture is frozen"
    assert agreement.mean_error < 0.04
    assert agreement.yaw_correlation > 0.8
    assert agreement.mouth_correlation > 0.7


@pytest.mark.parametrize("receiver", ["Ann", "Bob"])
def test_the_comparison_would_notice(call: dict[str, Seen], receiver: str) -> None:
    """A mirrored picture, a frozen one and the wrong person do not pass for the right one."""
    sender = "Bob" if receiver == "Ann" else "Ann"
    source, shown = call[sender].camera, call[receiver].shown
    mirrored = Track(shown.times, shown.landmarks * (-1, 1, 1))
    frozen = Track(shown.times, shown.landmarks[:1].repeat(len(shown.times), 0))
    for wrong in (mirrored, frozen, call[receiver].camera):
        agreement = compare(source, wrong)
        assert not (
            agreement.mean_error < 0.04
            and agreement.yaw_correlation > 0.8
            and agreement.mouth_correlation > 0.7
            and agreement.yaw_spread > 0.01
        )


@pytest.mark.parametrize(("sender", "receiver"), [("Ann", "Bob"), ("Bob", "Ann")])
def test_the_others_voice_is_heard(call: dict[str, Seen], sender: str, receiver: str) -> None:
    heard = envelope_heard(call[receiver].raw["loudness"])
    right = best_correlation(heard, envelope_of_file(call[sender].person.microphone))
    wrong = best_correlation(heard, envelope_of_file(call[receiver].person.microphone))
    print(f"{sender} as {receiver} hears: correlation {right:.2f}, with the wrong voice {wrong:.2f}")
    assert right > 0.6
    assert right > wrong + 0.1


@pytest.mark.parametrize(("sender", "receiver"), [("Ann", "Bob"), ("Bob", "Ann")])
def test_the_delay_does_not_grow(call: dict[str, Seen], sender: str, receiver: str) -> None:
    source, shown = call[sender].camera, call[receiver].shown
    early, late = (compare(source, shown.half(second)).delay_ms for second in (False, True))
    print(f"{sender} as {receiver} sees: {early:.0f} ms old, later {late:.0f} ms")
    assert late < early + 300
    assert max(call[receiver].raw["playoutDelayMs"]) <= 600
