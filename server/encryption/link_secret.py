"""The secret in a link's fragment, `#key=…` (docs/encryption.md, "The link's secret")."""

import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from server.errors import CallError

SECRET_BYTES = 16

_TEXT = re.compile(r"[A-Za-z0-9_-]{21}[AQgw]")


class LinkSecret:
    """128 random bits that whoever has the link knows, and the server does not."""

    def __init__(self, secret: bytes) -> None:
        """Take 16 bytes."""
        if len(secret) != SECRET_BYTES:
            raise ValueError(f"a link's secret of {len(secret)} bytes, expected {SECRET_BYTES}")
        self._secret = secret

    @classmethod
    def generate(cls) -> "LinkSecret":
        """Return a new one."""
        return cls(secrets.token_bytes(SECRET_BYTES))

    @classmethod
    def of_link(cls, url: str) -> "LinkSecret | None":
        """Return the secret of a link, or None if it has no `key`.

        Raises `CallError` (`bad-url`) if the key is damaged.
        """
        text = parse_qs(urlsplit(url).fragment, keep_blank_values=True).get("key", [None])[0]
        if text is None:
            return None
        if not _TEXT.fullmatch(text):
            raise CallError("bad-url", f"the link's key of {len(text)} characters is damaged: ask for the link again")
        return cls(urlsafe_b64decode(text + "=="))

    def __str__(self) -> str:
        """Return it as a link has it: 22 characters of base64url."""
        return urlsafe_b64encode(self._secret).decode().rstrip("=")

    def link_key(self, room: str) -> bytes:
        """Return the 32 bytes that authenticate key exchanges in this room."""
        info = b"facewire 1 link" + room.encode()
        return HKDF(SHA256(), length=32, salt=b"", info=info).derive(self._secret)
