"""Typed errors of the encryption."""

from enum import StrEnum

from server.errors import ServerError


class Drop(StrEnum):
    """Why something that was received is dropped; the names under which it is counted."""

    UNSEALED = "unsealed"  #: plain bytes where only sealed ones are taken
    UNKNOWN_KEY = "unknown_key"  #: of a generation that is not here, or not any more
    REPLAYED = "replayed"  #: has come before, or is older than the window
    FORGED = "forged"  #: wrong key, truncated or changed
    REFUSED_OFFER = "refused_offers"  #: a key offer that nobody with this link's key made, or a wrapped key likewise


class OpeningError(ServerError):
    """What came cannot be opened and is dropped; `reason` says how it is counted."""

    def __init__(self, reason: Drop, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class SealingError(ServerError):
    """A key has sealed as much as it may: renew it."""
