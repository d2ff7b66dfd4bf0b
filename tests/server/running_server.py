"""A real server on a free port, and calls to it that are waited for by their events."""

import asyncio
from collections.abc import Callable
from typing import Self, TypeVar

from aiohttp import web

from server.application import SIGNALLING, make_application, make_runner
from server.client.call import Call
from server.client.events import BundleReceived, CallEnded, CallEvent
from server.cluster import Cluster, open_cluster
from server.settings import LinkSettings, Settings
from server.signalling.endpoint import Signalling

EVENT_TIMEOUT_S = 20.0
_BUNDLE_S = 0.12

Event = TypeVar("Event", bound=CallEvent)


class RunningServer:
    """A server that listens on 127.0.0.1; `async with` starts and stops it."""

    def __init__(self, settings: Settings | None = None, cluster: Cluster | None = None) -> None:
        """Serve alone, or as a node of a cluster."""
        self._cluster = cluster
        self.settings = settings or Settings(port=0, link=LinkSettings(connect_timeout_s=10.0))
        self.port = self.settings.port
        self._runner: web.AppRunner | None = None
        self._signalling: Signalling | None = None

    async def __aenter__(self) -> Self:
        application = make_application(self.settings, self._cluster or await open_cluster(self.settings))
        self._signalling = application[SIGNALLING]
        self._runner = make_runner(application, self.settings)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def signalling(self) -> Signalling:
        assert self._signalling is not None
        return self._signalling

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def room(self, name: str = "tea") -> str:
        return f"{self.address}/room/{name}"


class Guest:
    """A call whose events are kept and can be waited for."""

    def __init__(self, url: str, name: str, source: str = "camera") -> None:
        self.call = Call(url, name, source)
        self.seen: list[CallEvent] = []
        self._news = asyncio.Condition()
        self._listening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.call.connect()
        self._listening = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.call.leave()
        assert self._listening is not None
        await asyncio.wait_for(self._listening, EVENT_TIMEOUT_S)

    @property
    def id(self) -> int:
        assert self.call.id is not None
        return self.call.id

    async def _listen(self) -> None:
        async for event in self.call.events():
            async with self._news:
                self.seen.append(event)
                self._news.notify_all()
        assert isinstance(self.seen[-1], CallEnded)

    async def saw(
        self, kind: type[Event], fits: Callable[[Event], bool] = lambda _: True, count: int = 1
    ) -> list[Event]:
        """Wait until `count` events of this kind that fit have been seen; return them."""

        def found() -> list[Event]:
            return [event for event in self.seen if isinstance(event, kind) and fits(event)]

        async with self._news:
            try:
                async with asyncio.timeout(EVENT_TIMEOUT_S):
                    await self._news.wait_for(lambda: len(found()) >= count)
            except TimeoutError:
                raise AssertionError(f"waited for {count} {kind.__name__}, saw {self.seen}") from None
        return found()


async def hears(listener: Guest, sender: Guest, bundle: bytes) -> None:
    """Send a bundle until it is heard: on a busy machine it may be too old when its turn comes, and is dropped."""
    heard = asyncio.create_task(listener.saw(BundleReceived, lambda event: event.bundle == bundle))
    while not heard.done():
        sender.call.send_bundle(bundle)
        await asyncio.wait((heard,), timeout=_BUNDLE_S)
    await heard


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait until a condition holds that has no event of its own."""
    deadline = asyncio.get_running_loop().time() + EVENT_TIMEOUT_S
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, f"waited in vain until {what}"
        await asyncio.sleep(0.01)


def cut_off(guest: Guest) -> None:
    """End a guest's socket without a word."""
    session = guest.call._session
    assert session is not None
    session._socket._socket._response.connection.transport.abort()  # type: ignore[union-attr]
