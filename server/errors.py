"""Typed errors of the service. Each says what was wrong, the offending value, and what to do."""


class ServerError(Exception):
    """Base of every error that the service raises on purpose."""


class SettingsError(ServerError):
    """A setting is out of range."""


class ProtocolError(ServerError):
    """A participant broke the protocol, or cannot be served; `code` is one of docs/protocol.md."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class TlsError(ServerError):
    """A certificate or key cannot be read or made."""


class CallError(ServerError):
    """A call cannot be made or kept up; `code` is a protocol error code, or `unreachable` or `bad-url`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
