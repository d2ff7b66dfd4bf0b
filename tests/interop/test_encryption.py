"""Calls whose link has a key, of browsers and native peers: they work, and neither relay nor wire shows anything."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from codec.recording import RecordingReader, RecordKind
from server.bench.browser import DRAWS_A_FACE, Browsers, wait_until
from server.encryption.link_secret import LinkSecret
from tests.encryption.recording_relay import RecordingRelay
from tests.interop.observing import observe
from tests.interop.people import Person
from tests.interop.sounds import best_correlation, envelope_heard, envelope_of_file
from tests.interop.test_transports import native
from tests.server.running_server import RunningServer

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.call, pytest.mark.timeout(240)]

_ALL_PROTOCOLS = 3
_STATISTICS = "window.facewire.statistics()"
_SENDS_THIN = f"{_STATISTICS}.transport.sending === 'thin'"
_NO_TRANSFORMS = "delete window.RTCRtpScriptTransform"


class ServerThread:
    """A server in this process, so that a test sees what it forwards."""

    def __init__(self) -> None:
        self._server = RunningServer()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> "ServerThread":
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._server.__aenter__(), self._loop).result(30)
        return self

    def __exit__(self, *exception: object) -> None:
        asyncio.run_coroutine_threadsafe(self._server.__aexit__(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def url(self, room: str, query: str = "") -> str:
        """Return a room's link, with a key."""
        return f"{self._server.address.replace('127.0.0.1', 'localhost')}/room/{room}{query}#key={_KEY}"


_KEY = LinkSecret.generate()


@pytest.fixture
def server() -> Iterator[ServerThread]:
    with ServerThread() as running:
        yield running


@contextmanager
def wire() -> Iterator[list[bytes]]:
    """Keep every packet on the loopback interface; needs root."""
    packets: list[bytes] = []
    running = True
    try:
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_PROTOCOLS))
    except PermissionError:
        pytest.skip("capturing packets needs root")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    raw.bind(("lo", 0))
    raw.settimeout(0.2)

    def keep() -> None:
        while running:
            with suppress(TimeoutError):
                packets.append(raw.recv(65_536))

    thread = threading.Thread(target=keep)
    thread.start()
    try:
        yield packets
    finally:
        running = False
        thread.join()
        raw.close()


def enter(browsers: Browsers, server: ServerThread, room: str, person: Person, script: str = "") -> "Page":
    page = browsers.open("about:blank", person.camera, person.microphone)
    if script:
        page.add_init_script(script)
    page.goto(server.url(room, f"?name={person.name}&autojoin=1&provider=wasm"))
    return page


def encryption(page: "Page") -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(f"{_STATISTICS}.encryption")
    return found


def test_two_browsers_see_and_hear_each_other(people: dict[str, Person], server: ServerThread) -> None:
    with Browsers() as browsers:
        pages = {name: enter(browsers, server, "pair", person) for name, person in people.items()}
        for page in pages.values():
            wait_until(page, DRAWS_A_FACE, "the other's face is drawn")
            wait_until(page, _SENDS_THIN, "bundles leave behind the sealed voice")
        before = {name: encryption(page) for name, page in pages.items()}
        watched = {page: page.evaluate(f"{_STATISTICS}.remotes[0].id") for page in pages.values()}
        raws = dict(zip(pages, observe(watched, 12.0), strict=True))
        after = {name: encryption(page) for name, page in pages.items()}
    for name, other in (("Ann", "Bob"), ("Bob", "Ann")):
        assert (after[name]["sealed"], after[name]["voiceSealed"], after[name]["strangers"]) == (True, True, [])
        assert after[name]["dropped"] == before[name]["dropped"], "nothing is dropped once keys are exchanged"
        heard = envelope_heard(raws[name]["loudness"])
        right = best_correlation(heard, envelope_of_file(people[other].microphone))
        wrong = best_correlation(heard, envelope_of_file(people[name].microphone))
        print(f"{name} hears {other}: correlation {right:.2f}, with the wrong voice {wrong:.2f}")
        assert right > 0.6
        assert right > wrong + 0.1


def test_relay_and_wire_show_nothing_of_a_call_between_browser_and_native_peer(
    people: dict[str, Person], server: ServerThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay, recording = RecordingRelay(monkeypatch), tmp_path / "call.fwr"
    with (
        wire() as packets,
        native(server, "mixed", tmp_path, "--record", str(recording)) as figures,  # type: ignore[arg-type]
        Browsers() as browsers,
    ):
        page = enter(browsers, server, "mixed", people["Bob"])
        wait_until(page, DRAWS_A_FACE, "the native peer's face is drawn")
        wait_until(page, _SENDS_THIN, "bundles leave behind the sealed voice")
        wait_until(page, f"{_STATISTICS}.transport.trailers.bundlesSent > 60", "many bundles have left", timeout_s=90)
        seen = encryption(page)
    assert (seen["sealed"], seen["voiceSealed"], seen["strangers"]) == (True, True, [])
    assert json.loads(figures.read_text())["encryption"]["sealed"]
    known: dict[RecordKind, list[bytes]] = {kind: [] for kind in RecordKind}
    with RecordingReader(recording) as reader:
        for record in reader.records():
            known[record.kind].append(record.payload)
    assert len(known[RecordKind.BUNDLE]) > 30
    assert len(known[RecordKind.VOICE]) > 30
    assert len(known[RecordKind.KEYFRAME]) >= 1
    forwarded = b"".join(relay.voices) + b"".join(m for kept in relay.messages.values() for m in kept)
    captured = b"".join(packets)
    assert len(relay.voices) > 60
    assert len(captured) > len(forwarded)
    for kind in (RecordKind.BUNDLE, RecordKind.VOICE, RecordKind.KEYFRAME):
        # Bundles of a browser that tracks few pictures are short.
        middles = [plain[len(plain) // 2 - 4 : len(plain) // 2 + 8] for plain in known[kind] if len(plain) >= 20]
        assert middles
        assert not [middle for middle in middles if middle in forwarded or middle in captured]
    found = relay.reconstruct()
    assert (found.keyframes, found.voices) == (0, 0)
    assert found.bundles <= len(relay.voices) / 100
    assert {message["type"] for message in found.control} == {"key-offer", "media-key", "key-taken"}


def test_a_browser_that_cannot_seal_voice_is_heard_and_everybody_is_told(
    people: dict[str, Person], server: ServerThread, tmp_path: Path
) -> None:
    with native(server, "old", tmp_path) as figures, Browsers() as browsers:  # type: ignore[arg-type]
        page = enter(browsers, server, "old", people["Bob"], _NO_TRANSFORMS)
        wait_until(page, DRAWS_A_FACE, "the native peer's face is drawn")
        wait_until(page, f"{_STATISTICS}.channels.motion.messagesSent > 15", "bundles leave by data channel")
        wait_until(page, f"{_STATISTICS}.channels.motion.messagesReceived > 15", "bundles come by data channel")
        wait_until(page, f"{_STATISTICS}.voices.samples > 48_000", "the native peer's voice is played")
        wait_until(page, f"{_STATISTICS}.voices.bytesSent > 3_000", "the browser's voice is sent")
        seen = encryption(page)
    assert (seen["sealed"], seen["voiceSealed"]) == (True, False)
    (bob,) = json.loads(figures.read_text())["participants"]
    assert bob["voice_packets"] > 20
    assert bob["broken"] == 0
