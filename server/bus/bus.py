"""The bus: what one node says to the others. Subjects are words with dots between; the last word says what it is."""

from collections import Counter
from collections.abc import Callable
from typing import Protocol

from server.errors import ServerError

#: What concerns one room is said under `facewire.room.NAME`, what concerns nodes under this.
NODES = "facewire.nodes"

#: Media that could not be handed on for so long are dropped.
MEDIA_AGE_S = 0.1

Handler = Callable[[str, bytes], None]
"""Takes the last word of a subject and a message; called from the event loop, must not block or raise."""


class BusError(ServerError):
    """The bus cannot be reached, or will not have this node."""


def room_subject(name: str) -> str:
    """Return the subject under which nodes talk about a room."""
    return f"facewire.room.{name}"


class Subscription(Protocol):
    """What a handler hears."""

    async def close(self) -> None:
        """Hear nothing more."""


class Bus(Protocol):
    """Carries messages between nodes; a node does not hear itself."""

    node: str
    """This node's id."""
    is_up: bool
    """Whether the others can be reached just now; about a second behind."""
    on_recovery: Callable[[], None]
    """Called when the bus can be reached again."""
    dropped: Counter[str]
    """Messages that were not sent, by why."""

    async def subscribe(self, subject: str, handler: Handler) -> Subscription:
        """Hear all messages under a subject. Raises `BusError`."""

    def publish(self, subject: str, word: str, message: bytes) -> None:
        """Say something that must not be missed; it waits while the bus is down."""

    def publish_media(self, subject: str, word: str, message: bytes) -> None:
        """Say something that is worth nothing after 100 ms; the oldest goes first."""

    async def close(self) -> None:
        """Leave the bus."""
