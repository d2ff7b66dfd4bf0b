"""The bus inside one process: of a server that is alone, and of several in one process, for tests."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable

from server.bus.bus import Handler, Subscription


class LocalHub:
    """What the buses of one process have in common."""

    def __init__(self) -> None:
        self.handlers: dict[str, list[tuple[str, Handler]]] = defaultdict(list)
        """By subject: the nodes that listen, and how."""


class _LocalSubscription:
    def __init__(self, hub: LocalHub, subject: str, entry: tuple[str, Handler]) -> None:
        self._hub = hub
        self._subject = subject
        self._entry = entry

    async def close(self) -> None:
        listeners = self._hub.handlers[self._subject]
        listeners.remove(self._entry)
        if not listeners:
            del self._hub.handlers[self._subject]


class LocalBus:
    """A node of a hub, by default of a hub of its own."""

    def __init__(self, node: str = "alone", hub: LocalHub | None = None) -> None:
        self.node = node
        self.is_up = True
        self.on_recovery: Callable[[], None] = lambda: None
        self.dropped: Counter[str] = Counter()
        self._hub = hub or LocalHub()

    async def subscribe(self, subject: str, handler: Handler) -> Subscription:
        """Hear all messages under a subject."""
        entry = self.node, handler
        self._hub.handlers[subject].append(entry)
        return _LocalSubscription(self._hub, subject, entry)

    def publish(self, subject: str, word: str, message: bytes) -> None:
        """Hand a message to all who listen, soon."""
        for node, handler in self._hub.handlers.get(subject, ()):
            if node != self.node:
                asyncio.get_running_loop().call_soon(handler, word, message)

    publish_media = publish

    async def close(self) -> None:
        """Change nothing: what listens closes its own subscriptions."""
