"""Takes part in a room on a thin link and says what arrived: `python -m tests.network.group_watcher URL SECONDS`.

Waits until everybody's keyframes could come, then prints one JSON map: `motion`, by participant, arrivals of bundles as
`[seconds, frames]`; `voice`, by participant, those of packets as `[seconds, RTP timestamp]`. A participant without a
browser or a decoder, so that what is measured is the link and not how busy the machine is.
"""

import asyncio
import json
import sys
import time
from collections import defaultdict

from server.client.call import Call
from server.client.events import BundleReceived, CallEvent, VoiceReceived, VoicesAssigned
from server.native.sending import Sending

_SETTLE_S = 15.0
_FRAMES_AT = 8  #: docs/wire-format.md, "Bundle"


class Watcher:
    """Keeps when what arrived."""

    def __init__(self) -> None:
        self.motion: defaultdict[int, list[tuple[float, int]]] = defaultdict(list)
        self.voice: defaultdict[int, list[tuple[float, int]]] = defaultdict(list)

    def take(self, event: CallEvent) -> None:
        """Take what happened in the call."""
        match event:
            case BundleReceived(sender, bundle):
                self.motion[sender].append((time.monotonic(), bundle[_FRAMES_AT]))
            case VoiceReceived(sender, _, timestamp):
                self.voice[sender].append((time.monotonic(), timestamp))


async def watch(url: str, seconds: float) -> Watcher:
    """Join, settle, and watch."""
    call, watcher = Call(url, "Watcher"), Watcher()
    sending = Sending(call, lambda: time.monotonic() * 1000)
    await call.connect()
    sending.introduce()
    begin_s = time.monotonic() + _SETTLE_S

    async def follow() -> None:
        async for event in call.events():
            if isinstance(event, VoicesAssigned):
                for speaker in event.speakers:
                    sending.tell_reading(speaker, read=True)
            if time.monotonic() >= begin_s:
                watcher.take(event)

    following = asyncio.create_task(follow())
    await asyncio.sleep(_SETTLE_S + seconds)
    await call.leave()
    await following
    return watcher


def main() -> None:
    """Watch, and print."""
    url, seconds = sys.argv[1:]
    watcher = asyncio.run(watch(url, float(seconds)))
    print(json.dumps({"motion": watcher.motion, "voice": watcher.voice}))


if __name__ == "__main__":
    main()
