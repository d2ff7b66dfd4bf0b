"""What a room's link says: where its server is, which room, and the fragment's token and key."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit, urlunsplit

from server.encryption.link_secret import LinkSecret
from server.errors import CallError
from server.protocol.messages import ROOM_PATTERN

_ROOM_PATH = re.compile(rf"(.*)/room/({ROOM_PATTERN.pattern})/?")


@dataclass(frozen=True, slots=True)
class RoomLink:
    """A link `http(s)://HOST[:PORT]/room/NAME#token=…&key=…`, taken apart."""

    signalling_url: str  #: of the WebSocket
    host: str
    room: str
    token: str | None  #: join token
    secret: LinkSecret | None  #: without one the call is not end-to-end encrypted

    @classmethod
    def parse(cls, url: str) -> "RoomLink":
        """Take a link apart. Raises `CallError` (`bad-url`) if it is none."""
        try:
            parts = urlsplit(url)
            port_is_valid = parts.port != 0
        except ValueError:
            port_is_valid = False
        path = _ROOM_PATH.fullmatch(parts.path) if port_is_valid else None
        if path is None or parts.scheme not in ("http", "https") or not parts.hostname:
            raise CallError("bad-url", f"{url!r} is not a room: use a link like http://localhost:8080/room/tea-time")
        scheme = "wss" if parts.scheme == "https" else "ws"
        signalling_url = urlunsplit((scheme, parts.netloc, f"{path[1]}/room/{path[2]}/signal", "", ""))
        token = parse_qs(parts.fragment).get("token", [None])[0]
        return cls(signalling_url, parts.hostname, path[2], token, LinkSecret.of_link(url))
