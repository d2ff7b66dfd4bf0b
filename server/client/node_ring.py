"""The servers by which a call can be joined: the one of its link, and others that have said they are there."""

from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit


class NodeRing:
    """Signalling URLs of one room, tried in turn."""

    def __init__(self, signalling_url: str) -> None:
        self._first = signalling_url
        self._urls = [signalling_url]

    def __len__(self) -> int:
        return len(self._urls)

    @property
    def current(self) -> str:
        """The URL to join by."""
        return self._urls[0]

    def advance(self) -> None:
        """Try the next one from now on."""
        self._urls.append(self._urls.pop(0))

    def learn(self, origins: Iterable[str]) -> None:
        """Take other servers' origins (`https://…`) from the one that is joined; it and the link's own are kept."""
        parts = urlsplit(self._first)
        others = [
            urlunsplit(("wss" if scheme == "https" else "ws", host, parts.path, "", ""))
            for scheme, host, *_ in map(urlsplit, origins)
        ]
        self._urls = list(dict.fromkeys((self.current, *others, self._first)))
