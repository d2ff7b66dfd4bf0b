"""Credentials of a TURN server that expire by themselves (draft-uberti-behave-turn-rest-00).

The server of calls and the TURN server (coturn with `use-auth-secret`) share a secret that nobody else knows; neither
asks the other.
"""

import base64
import hashlib
import hmac

from server.settings import TurnSettings


def turn_servers(turn: TurnSettings, user: str, now_s: float) -> tuple[dict[str, str], ...]:
    """Return the entries of `ice_servers` with which `user` may use TURN from `now_s`, seconds since 1970, on.

    `user` shows in the TURN server's log; it must not say who they are. Empty if no TURN server is named.
    """
    if turn.secret is None:
        return ()
    username = f"{round(now_s + turn.lifetime_s)}:{user}"
    digest = hmac.new(turn.secret.reveal().encode(), username.encode(), hashlib.sha1).digest()
    credential = base64.b64encode(digest).decode()
    return tuple({"urls": url, "username": username, "credential": credential} for url in turn.urls)
