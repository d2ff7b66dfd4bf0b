"""A call recorded in the browser: everybody is told, and the file holds what went over the wire."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import av
import numpy as np
import pytest
from playwright.async_api import Page, expect

from codec.animator import Animator
from codec.bundle import decode_frames, parse_bundle
from codec.errors import UnknownKeyframeError
from codec.intra_picture import Picture
from codec.keyframes import Keyframe
from codec.model_files import tables_folder
from codec.provenance import RENDERED
from codec.recording import Record, RecordingReader, RecordKind
from codec.recording.summary import summarise
from server.bench.browser import write_camera
from server.cli import main
from server.client.events import ControlReceived
from server.demonstration import RECORDING
from server.native.play_out import PlayOut
from server.webrtc.channels import EVERYBODY
from tests.material import talking_clip
from tests.page.client_modules import call, page_with
from tests.page.recordings import PATIENCE_MS, canvas_picture, eventually, luma, open_in_player, psnr, seek
from tests.page.test_page import FAKE_DEVICES, chromium, join
from tests.server.running_server import Guest, RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

#: Keeps what the page hands to its decoder of others, and gets from its own encoder.
_OBSERVER = """
window.arrived = [];
window.sent = [];
const text = (bytes) => String.fromCharCode(...bytes);
const { postMessage } = Worker.prototype;
Worker.prototype.postMessage = function (message, ...rest) {
  const { type, face, bundle, blob } = message ?? {};
  const payload = bundle ?? blob;
  if (face !== undefined && payload !== undefined) arrived.push({ type, payload: text(payload) });
  return postMessage.call(this, message, ...rest);
};
const { set } = Object.getOwnPropertyDescriptor(Worker.prototype, 'onmessage');
Object.defineProperty(Worker.prototype, 'onmessage', {
  set(handler) {
    set.call(this, (event) => {
      if (event.data?.type === 'bundle') sent.push(text(event.data.bundle));
      handler?.call(this, event);
    });
  },
});
"""
_SEES_AND_IS_SEEN = (
    "(({ remotes, tracking }) => tracking?.state === 'face' && remotes.some((r) => r.drawing?.state === 'live'))"
    "(window.facewire.statistics())"
)
_SECONDS = 8
#: Of each person, at least.
_BUNDLES = 25


@contextmanager
def _demonstration(room: str) -> Iterator[None]:
    """Have the demonstration participant in a room, as another process."""
    replay = [sys.executable, "-m", "server.cli", "join", room, "--replay", str(RECORDING), "--name", "Grace"]
    process = subprocess.Popen(replay, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=15)


async def _record(page: Page, path: Path) -> None:
    """Record until there is enough of both people in it, and save that."""
    sent, arrived = await page.evaluate("[sent.length, arrived.length]")
    await page.keyboard.press("r")
    bar = page.locator(".recording-bar[data-own]")
    await expect(bar.get_by_text("everybody is told")).to_be_visible(timeout=PATIENCE_MS)
    await expect(bar.locator("time")).to_have_text(re.compile("0:(0[89]|[1-5])"), timeout=PATIENCE_MS)
    await eventually(page, f"sent.length > {sent + _BUNDLES} && arrived.length > {arrived + _BUNDLES}")
    await bar.get_by_role("button", name="Stop recording").click()
    link = page.get_by_role("link", name="Save")
    await expect(link).to_be_visible(timeout=PATIENCE_MS)
    async with page.expect_download() as download:
        await link.click()
    await (await download.value).save_as(path)


def _of(records: list[Record], participant: int, *kinds: RecordKind) -> list[Record]:
    return [record for record in records if record.participant == participant and record.kind in kinds]


def _symbols(records: list[Record]) -> list[list[list[int] | None] | None]:
    """Return the motion of each frame of each bundle, as this codec reads them; None before their keyframes came."""
    motions: dict[int, tuple[int, ...]] = {}
    symbols: list[list[list[int] | None] | None] = []
    for record in records:
        if record.kind is RecordKind.KEYFRAME:
            keyframe = Keyframe.parse(record.payload)
            if keyframe.motion is not None:
                motions[keyframe.number] = keyframe.motion
            continue
        try:
            frames = decode_frames(parse_bundle(record.payload), motions).frames
        except UnknownKeyframeError:
            symbols.append(None)
        else:
            symbols.append([None if frame.motion is None else list(frame.motion) for frame in frames])
    return symbols


@pytest.mark.call
async def test_a_recorded_call_decodes_to_what_the_browser_received(tmp_path: Path) -> None:
    """The same symbols, and pictures within 40 dB of those that the player's page draws."""
    camera, recording = tmp_path / "camera.y4m", tmp_path / "call.fwr"
    write_camera(talking_clip(), camera, 352, 288)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(RunningServer())
        arguments = (*FAKE_DEVICES, f"--use-file-for-fake-video-capture={camera}")
        browser = await stack.enter_async_context(chromium(tmp_path / "profile", *arguments))
        stack.enter_context(_demonstration(server.room()))
        page = await browser.new_page()
        await page.add_init_script(_OBSERVER)
        await join(page, server.room(), "Ada")
        await eventually(page, _SEES_AND_IS_SEEN)
        await _record(page, recording)
        arrived = await page.evaluate("arrived")
        sent = await page.evaluate("sent")
        await page.keyboard.press("l")
        await expect(page.get_by_text("Recorded: 0:")).to_be_visible(timeout=PATIENCE_MS)

        with RecordingReader(recording) as reader:
            summary = summarise(reader)
        assert summary.damage is None
        assert summary.source_type == RENDERED
        people = {participant.name: participant for participant in summary.participants.values()}
        assert set(people) == {"Ada", "Grace"}
        for person in people.values():
            assert person.bundles >= _BUNDLES, person
            assert person.voice_packets > 0, person
        assert main(["info", str(recording)]) == 0
        with RecordingReader(recording) as reader:
            records = list(reader.records())
        await _same_symbols(records, people["Grace"].id, arrived, tmp_path)
        own_bundles = [record.payload.decode("latin-1") for record in _of(records, people["Ada"].id, RecordKind.BUNDLE)]
        first = sent.index(own_bundles[0])
        assert sent[first : first + len(own_bundles)] == own_bundles

        await open_in_player(page, server.address, recording)
        ids = sorted(person.id for person in people.values())
        drawn = await _drawn(page, ids, range(44, 25 * (_SECONDS - 1), 45))
        await page.get_by_label("Show").select_option("Grace")
        await expect(page.get_by_role("figure")).to_have_count(1, timeout=PATIENCE_MS)
    _same_pictures(recording, drawn, tmp_path / "call.mp4")


async def _same_symbols(records: list[Record], participant: int, arrived: list[dict[str, str]], folder: Path) -> None:
    """Check what was recorded of a participant against what the page's decoder was given, and read in it."""
    bundles = [record.payload.decode("latin-1") for record in _of(records, participant, RecordKind.BUNDLE)]
    given = [each["payload"] for each in arrived if each["type"] == "bundle"]
    first = given.index(bundles[0])
    assert given[first : first + len(bundles)] == bundles
    async with page_with("testing/recorded_symbols.ts", folder / "module") as module:
        table = (tables_folder() / "entropy.msgpack").read_bytes().decode("latin-1")
        script = "({ symbolsOf }, { arrived, table }) => symbolsOf(arrived, table)"
        read = await call(module, script, {"arrived": arrived, "table": table})
    mine = _symbols(_of(records, participant, RecordKind.BUNDLE, RecordKind.KEYFRAME))
    assert read[first : first + len(bundles)] == mine
    assert sum(symbols is not None for symbols in mine) >= _BUNDLES / 2


async def _drawn(page: Page, participants: list[int], indices: range) -> dict[int, Picture]:
    """Return what the player draws of two people, side by side, by the number of the picture at 25 a second."""
    drawn = {}
    for index in indices:
        await seek(page, index * 40)
        drawn[index] = np.hstack([await canvas_picture(page, participant) for participant in participants])
    return drawn


def _same_pictures(recording: Path, drawn: dict[int, Picture], video: Path) -> None:
    """Check pictures against those that `facewire decode` draws, and those that it writes (H.264, 4:2:0)."""
    playing = PlayOut(recording, Animator(provider="cpu"), 25)
    expected = [moment.picture for moment in playing.moments()]
    assert main(["decode", str(recording), str(video), "--provider", "cpu"]) == 0
    with av.open(str(video)) as container:
        written = [frame.to_ndarray()[: frame.height] for frame in container.decode(video=0)]
    for index, picture in drawn.items():
        drawn_db, written_db = psnr(picture, expected[index]), psnr(luma(picture), written[index])
        print(f"picture {index}: {drawn_db:.1f} dB beside what decode draws, luma {written_db:.1f} dB beside its video")
        assert min(drawn_db, written_db) >= 40


async def test_everybody_is_told_also_who_comes_later(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(RunningServer())
        adas = await stack.enter_async_context(chromium(tmp_path / "ada", *FAKE_DEVICES))
        graces = await stack.enter_async_context(chromium(tmp_path / "grace", *FAKE_DEVICES))
        ada, grace = await adas.new_page(), await graces.new_page()
        await join(ada, server.room(), "Ada")
        await join(grace, server.room(), "Grace")
        await expect(ada.get_by_role("article", name="Grace")).to_be_visible(timeout=PATIENCE_MS)
        await ada.get_by_role("button", name="More").click()
        await ada.get_by_role("button", name="Record the call").click()
        await expect(grace.get_by_text("Recording: Ada")).to_be_visible(timeout=PATIENCE_MS)
        await expect(grace.get_by_role("article", name="Ada").get_by_label("Records this call")).to_be_visible(
            timeout=PATIENCE_MS
        )
        emmy = await stack.enter_async_context(Guest(server.room(), "Emmy"))
        emmy.call.send_control(EVERYBODY, {"type": "state", "muted": True, "camera": "off"})
        await emmy.saw(ControlReceived, lambda event: event.message.get("recording") is True)
        await ada.keyboard.press("r")
        await emmy.saw(
            ControlReceived, lambda event: event.message["type"] == "state" and "recording" not in event.message
        )
        await expect(grace.get_by_text("Recording: Ada")).to_be_hidden(timeout=PATIENCE_MS)


async def test_a_closed_page_loses_little_and_the_player_finds_the_rest(tmp_path: Path) -> None:
    async with RunningServer() as server, chromium(tmp_path, *FAKE_DEVICES) as browser:
        page = await browser.new_page()
        await join(page, server.room(), "Ada")
        await eventually(page, "window.facewire.statistics().tracking?.state === 'no-face'")
        await page.keyboard.press("r")
        await expect(page.locator(".recording-bar time")).to_have_text(
            re.compile("0:(0[4-9]|[1-5])"), timeout=PATIENCE_MS
        )
        crash = await page.context.new_cdp_session(page)
        crashed = asyncio.ensure_future(crash.send("Page.crash"))
        await page.wait_for_event("crash")
        crashed.cancel()
        player = await browser.new_page()
        await player.goto(f"{server.address}/play?provider=wasm")
        await player.get_by_role("button", name="Play facewire-tea-").click()
        slider = player.get_by_role("slider", name="Position")
        await expect(slider).to_have_attribute("max", re.compile("^([3-9]|[1-9][0-9])[0-9]{3}$"), timeout=PATIENCE_MS)
        await player.get_by_role("button", name="Another recording").click()
        await player.get_by_role("button", name="Delete facewire-tea-").click()
        await expect(player.get_by_text("Kept in this browser")).to_be_hidden(timeout=PATIENCE_MS)
