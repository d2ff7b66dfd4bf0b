"""Join tokens and passes: JWT (RFC 7519), signed with HS256 by the server's key and nothing else.

A join token is an invitation that an operator signs: it names a room, may name the person and make them host, may
be good for one join. A pass says that somebody was let into a room; with it they come back after a lost connection.
"""

import secrets
import time
from dataclasses import dataclass
from typing import Any

import jwt

from server.errors import ProtocolError
from server.protocol.message_fields import Fields

_ALGORITHM = "HS256"
_JOIN_AUDIENCE = "facewire:join"
_PASS_AUDIENCE = "facewire:pass"
_ID_CHARACTERS = 64
#: Clocks of the machine that signs and of this one may differ by so much.
_LEEWAY_S = 10


def new_id() -> str:
    """Return an id that nobody guesses: 128 bits."""
    return secrets.token_urlsafe(16)


@dataclass(frozen=True)
class Invitation:
    """What a join token grants."""

    name: str | None
    """The name to go by, instead of the one the client gives."""
    is_host: bool
    once: str | None
    """Id of a token that is good for one join."""
    expires_at: float
    """Seconds since 1970."""
    is_renderer: bool
    """For a renderer of this server's, which is nobody and passes every door."""


class Tokens:
    """Signs and reads tokens with one key of at least 32 bytes."""

    def __init__(self, key: str) -> None:
        self._key = key

    def invite(
        self, room: str, lifetime_s: float, *, name: str | None = None, is_host: bool = False, once: bool = False
    ) -> str:
        """Return a join token for a room that expires after `lifetime_s`."""
        claims: dict[str, Any] = {"room": room, "host": is_host}
        if name is not None:
            claims["name"] = name
        if once:
            claims["jti"] = new_id()
        return self._sign(_JOIN_AUDIENCE, lifetime_s, claims)

    def invite_renderer(self, room: str, lifetime_s: float) -> str:
        """Return a join token with which a renderer enters a room."""
        return self._sign(_JOIN_AUDIENCE, lifetime_s, {"room": room, "renderer": True})

    def read_invitation(self, token: str, room: str) -> Invitation:
        """Return what a join token grants in `room`; raises `ProtocolError` (`bad-token`)."""
        claims = self._read(token, _JOIN_AUDIENCE)
        if claims.get("room") != room:
            raise ProtocolError("bad-token", f"this invitation is not for the room {room}: ask for another")
        try:
            fields = Fields("token", dict(claims))
            name = fields.person() if fields.has("name") else None
            is_host = fields.flag("host") if fields.has("host") else False
            is_renderer = fields.flag("renderer") if fields.has("renderer") else False
            once = fields.text("jti", _ID_CHARACTERS) if fields.has("jti") else None
        except ProtocolError as error:
            raise ProtocolError("bad-token", str(error)) from error
        return Invitation(name, is_host, once, float(claims["exp"]), is_renderer)

    def admit(self, person: str, room_instance: str, lifetime_s: float) -> str:
        """Return the pass of somebody, by an id of theirs, for one life of a room."""
        return self._sign(_PASS_AUDIENCE, lifetime_s, {"sub": person, "room": room_instance})

    def read_pass(self, token: str) -> tuple[str, str]:
        """Return the person and the room's life that a pass is for; raises `ProtocolError` (`bad-token`)."""
        claims = self._read(token, _PASS_AUDIENCE)
        return str(claims.get("sub", "")), str(claims.get("room", ""))

    def _sign(self, audience: str, lifetime_s: float, claims: dict[str, Any]) -> str:
        expires_at = int(time.time() + lifetime_s)
        return jwt.encode({"aud": audience, "exp": expires_at, **claims}, self._key, _ALGORITHM)

    def _read(self, token: str, audience: str) -> dict[str, Any]:
        try:
            return dict(
                jwt.decode(
                    token,
                    self._key,
                    algorithms=[_ALGORITHM],
                    audience=audience,
                    leeway=_LEEWAY_S,
                    options={"require": ["exp", "aud"]},
                )
            )
        except jwt.ExpiredSignatureError as error:
            raise ProtocolError("token-expired", "this invitation has expired: ask for another") from error
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise ProtocolError("bad-token", "this invitation is not valid here: ask for another") from error
