"""Recordings in the player's page: opened, sought in, and their pictures read."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.async_api import Page, expect

from codec.intra_picture import Picture

#: Recording and playing take the time that a busy machine takes.
PATIENCE_MS = 90_000

_READ_CANVAS = """(participant) => {
  const canvas = document.querySelector(`[data-participant="${participant}"] canvas`);
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d');
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  let text = '';
  for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
  return [canvas.height, canvas.width, btoa(text)];
}"""


async def open_in_player(page: Page, address: str, recording: Path) -> None:
    """Open the player's page with a recording, its first picture drawn."""
    await page.goto(f"{address}/play?provider=wasm")
    await page.get_by_label("Choose a file").set_input_files(recording)
    await expect(page.get_by_role("slider", name="Position")).to_be_visible(timeout=PATIENCE_MS)


async def seek(page: Page, time_ms: int) -> None:
    """Go to a moment by the slider, and wait until its pictures are drawn."""
    await page.get_by_role("slider", name="Position").fill(str(time_ms))
    await eventually(page, f"document.querySelector('.player-faces').dataset.drawnMs === '{time_ms}'")


async def eventually(page: Page, expression: str) -> None:
    """Wait for it inside the page, whose policy forbids `wait_for_function` its `eval`."""
    waiting = f"(async () => {{ while (!({expression})) await new Promise((go) => setTimeout(go, 100)); }})()"
    await asyncio.wait_for(page.evaluate(waiting), PATIENCE_MS / 1000)


async def canvas_picture(page: Page, participant: int) -> Picture:
    """Return what is drawn of a participant, (side, side, 3) RGB."""
    height, width, data = await page.evaluate(_READ_CANVAS, participant)
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)[..., :3]


def luma(picture: Picture) -> NDArray[np.float64]:
    """Return the luma of an RGB picture as video has it, 16 to 235 (ITU-R BT.601)."""
    return np.asarray(16 + picture @ np.array([0.299, 0.587, 0.114]) * (219 / 255), np.float64)


def psnr(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Return the peak signal-to-noise ratio of two pictures or lumas, 0 to 255, in dB."""
    error = float(np.mean((one.astype(np.float64) - other.astype(np.float64)) ** 2))
    return 10 * np.log10(255**2 / error) if error else 99.0
