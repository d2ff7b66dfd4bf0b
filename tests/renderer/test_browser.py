"""A real browser without WebAssembly sees the others as video, once its person has accepted what that means."""

from contextlib import ExitStack

import pytest

from server.bench.browser import Browsers, wait_until
from server.bench.renderer import accept_server_view, replaying
from server.bench.server_process import ServerProcess

pytestmark = pytest.mark.browser

_LIVE = "window.facewire.statistics().remotes.filter((r) => r.drawing?.state === 'live').length"
_CONTRAST = """
() => window.facewire.statistics().remotes.map(({ id }) => {
  const canvas = window.facewire.canvas(id);
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let [lowest, highest] = [255, 0];
  for (let index = 0; index < data.length; index += 4) {
    lowest = Math.min(lowest, data[index]);
    highest = Math.max(highest, data[index]);
  }
  return highest - lowest;
})
"""


@pytest.mark.timeout(300)
def test_a_browser_that_cannot_decode_sees_faces_after_its_person_accepted() -> None:
    with ExitStack() as stack:
        server = stack.enter_context(ServerProcess("--renderer"))
        browsers = stack.enter_context(Browsers())
        for number in range(2):
            stack.enter_context(replaying(server.url("tea"), f"Actor {number}"))
        page = browsers.open(server.url("tea", "?name=Viewer&autojoin=1&decoder=server"), webassembly=False)
        wait_until(page, "!!document.querySelector('#server-view-consent')", "the question is asked")
        assert page.evaluate("typeof WebAssembly") == "undefined"
        assert page.evaluate("window.facewire.statistics().phase") == "idle"
        accept_server_view(page)
        wait_until(page, f"{_LIVE} === 2", "both are seen", timeout_s=200)
        wait_until(page, f"({_CONTRAST})().every((contrast) => contrast > 100)", "their faces are drawn")
        drawing = page.evaluate("window.facewire.statistics().remotes[0].drawing")
        assert (drawing["provider"], drawing["weights"]) == ("server", "256×256 video")
        assert page.evaluate("window.facewire.statistics().remotes.map(({ source }) => source)") == ["file", "file"]
