"""The player's page: opens recordings, draws what `facewire decode` draws, seeks, and makes videos of them."""

import re
from pathlib import Path

import av
import numpy as np
import pytest
from playwright.async_api import expect

from codec.animator import Animator
from codec.provenance import RENDERED, SOURCE_TYPE
from server.demonstration import RECORDING
from server.native.play_out import PlayOut
from tests.native.recordings import short_demonstration
from tests.page.recordings import PATIENCE_MS, canvas_picture, open_in_player, psnr, seek
from tests.page.test_accessibility import violations
from tests.page.test_page import chromium
from tests.server.running_server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

_DROP = """async () => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([await (await fetch('/demonstration.fwr')).blob()], 'dropped.fwr'));
  const options = { dataTransfer: transfer, bubbles: true, cancelable: true };
  document.querySelector('main').dispatchEvent(new DragEvent('drop', options));
}"""


async def test_pictures_are_those_that_decode_draws(tmp_path: Path) -> None:
    """At any moment, whatever was played before."""
    playing = PlayOut(RECORDING, Animator(provider="cpu"), 25, longest_s=9.0)
    expected = [moment.picture for moment in playing.moments()]
    async with RunningServer() as server, chromium(tmp_path) as browser:
        page = await browser.new_page()
        await open_in_player(page, server.address, RECORDING)
        for index in (150, 40, 41, 42, 200, 75):
            await seek(page, index * 40)
            assert psnr(await canvas_picture(page, 1), expected[index]) >= 40
        assert await violations(page) == []


async def test_people_play_pause_and_seek_by_keys(tmp_path: Path) -> None:
    async with RunningServer() as server, chromium(tmp_path) as browser:
        page = await browser.new_page()
        await open_in_player(page, server.address, RECORDING)
        face = page.get_by_role("figure").filter(has_text="Demonstration")
        await expect(face.get_by_text("rendered")).to_be_visible(timeout=PATIENCE_MS)
        position = page.get_by_role("slider", name="Position")
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("ArrowLeft")
        await expect(position).to_have_attribute("aria-valuetext", "0:05", timeout=PATIENCE_MS)
        await page.keyboard.press("Space")
        await expect(page.get_by_role("button", name="Pause")).to_be_visible(timeout=PATIENCE_MS)
        await expect(position).to_have_attribute("aria-valuetext", re.compile("0:(0[7-9]|[1-5])"), timeout=PATIENCE_MS)
        await expect(face.get_by_text("live motion")).to_be_visible(timeout=PATIENCE_MS)
        await page.keyboard.press("Space")
        await expect(page.get_by_role("button", name="Play")).to_be_visible(timeout=PATIENCE_MS)
        await page.keyboard.press("End")
        await page.keyboard.press("Home")
        await expect(position).to_have_attribute("aria-valuetext", "0:00", timeout=PATIENCE_MS)


async def test_a_recording_becomes_a_video_that_plays(tmp_path: Path) -> None:
    seconds = 4.0
    recording = short_demonstration(tmp_path, seconds)
    async with RunningServer() as server, chromium(tmp_path / "profile") as browser:
        page = await browser.new_page()
        await open_in_player(page, server.address, recording)
        await expect(page.get_by_text("MP4 with")).to_be_visible(timeout=PATIENCE_MS)
        await page.get_by_role("button", name="Save as MP4").click()
        link = page.get_by_role("link", name=f"Save {recording.stem}.mp4")
        await expect(link).to_be_visible(timeout=PATIENCE_MS)
        async with page.expect_download() as download:
            await link.click()
        video = tmp_path / "video.mp4"
        await (await download.value).save_as(video)
        await seek(page, 2_000)
        drawn = await canvas_picture(page, 1)
    with av.open(str(video)) as container:
        assert {name.lower(): value for name, value in container.metadata.items()}[SOURCE_TYPE.lower()] == RENDERED
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    with av.open(str(video)) as container:
        sound = np.concatenate([frame.to_ndarray().mean(axis=0) for frame in container.decode(audio=0)])
    assert len(pictures) == pytest.approx(25 * seconds, abs=2)
    assert psnr(pictures[50], drawn) > 28, "a coder's losses, but the same picture"
    assert psnr(pictures[50], drawn) > psnr(pictures[10], drawn)
    assert sound.size / 48_000 == pytest.approx(seconds, abs=0.3)
    # She speaks from the second second on.
    assert np.abs(sound[60_000:]).max() > 0.1
    assert np.abs(sound[:30_000]).max() < 0.02


async def test_what_is_no_recording_is_refused_in_words(tmp_path: Path) -> None:
    other = tmp_path / "letter.fwr"
    other.write_text("Dear all")
    async with RunningServer() as server, chromium(tmp_path / "profile") as browser:
        page = await browser.new_page()
        await page.goto(f"{server.address}/play?provider=wasm")
        await page.get_by_label("Choose a file").set_input_files(other)
        await expect(page.get_by_text("This file cannot be played")).to_be_visible(timeout=PATIENCE_MS)
        await page.get_by_role("button", name="Play the shipped demonstration").click()
        await expect(page.get_by_role("slider", name="Position")).to_be_visible(timeout=PATIENCE_MS)


async def test_a_recording_is_dropped_on_the_page_and_a_video_of_it_begun_and_cancelled(tmp_path: Path) -> None:
    async with RunningServer() as server, chromium(tmp_path) as browser:
        page = await browser.new_page()
        await page.goto(f"{server.address}/play?provider=wasm")
        await expect(page.get_by_text("or drop one here")).to_be_visible(timeout=PATIENCE_MS)
        await page.evaluate(_DROP)
        await expect(page.get_by_role("heading", name="dropped.fwr")).to_be_visible(timeout=PATIENCE_MS)
        await page.get_by_role("button", name="Save as MP4").click()
        await page.get_by_role("button", name="Cancel").click()
        await expect(page.get_by_role("button", name="Save as MP4")).to_be_visible(timeout=PATIENCE_MS)
