"""Every number of the service that could be tuned, in one typed object."""

import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path

from server.errors import SettingsError

_PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class VoiceSettings:
    """What the answer asks of a sender's Opus encoder (RFC 7587) and how packets are let through."""

    kbps: float = 6.0
    """`maxaveragebitrate`, 6–64 kbit/s."""
    ptime_ms: int = 60
    """Milliseconds of sound in a packet: 20, 40, 60 or 120."""
    slots: int = 7
    """How many other participants one participant can hear."""
    payload_bytes: int = 1150
    """Larger packets are dropped."""

    def __post_init__(self) -> None:
        if not 6 <= self.kbps <= 64:
            raise SettingsError(f"voice kbps is {self.kbps}; Opus speech needs 6–64")
        if self.ptime_ms not in (20, 40, 60, 120):
            raise SettingsError(f"voice ptime_ms is {self.ptime_ms}; use 20, 40, 60 or 120")
        if not 1 <= self.slots <= 7:
            raise SettingsError(f"voice slots is {self.slots}; the protocol allows 1–7")


@dataclass(frozen=True, kw_only=True)
class LinkSettings:
    """What keeps a WebRTC connection quiet and bounded."""

    loopback: bool = True
    """Offer 127.0.0.1 always; without it only when the machine has no other address."""
    rtcp_interval_s: float = 5.0
    """Least time between two reports of one stream (aiortc's own is 1 s, idle streams included)."""
    acknowledgement_delay_s: float = 0.2
    """How long a SACK may wait (RFC 9260, section 6.2, allows 0.5)."""
    connect_timeout_s: float = 20.0
    """A connection that is not up by then has failed."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of one server. Raises `SettingsError` for a value out of range."""

    host: str = "localhost"
    port: int = 8080
    participants: int = 16
    """Most participants of one room, 1–255."""
    rooms: int = 1000
    """Most rooms at a time."""
    signal_bytes: int = 65536
    """Largest WebSocket message."""
    signal_per_second: float = 20.0
    """WebSocket messages a participant may send on average; bursts of three seconds' worth pass."""
    heartbeat_s: float = 5.0
    silence_s: float = 10.0
    """A participant whose socket says nothing for so long is lost."""
    shutdown_s: float = 2.0
    voice: VoiceSettings = field(default_factory=VoiceSettings)
    link: LinkSettings = field(default_factory=LinkSettings)
    ice_servers: tuple[dict[str, str], ...] = ()
    """STUN and TURN servers that clients are told of (`urls`, `username`, `credential`)."""
    client_folder: Path = field(
        default_factory=lambda: Path(os.environ.get("FACEWIRE_CLIENT", _PROJECT / "client_web/dist"))
    )
    """The built browser client."""

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise SettingsError(f"port is {self.port}; use 1–65535, or 0 for any free one")
        if not 1 <= self.participants <= 255:
            raise SettingsError(f"participants is {self.participants}; the wire's ids allow 1–255")
        if not 0 < self.heartbeat_s < self.silence_s:
            raise SettingsError(
                f"heartbeat_s is {self.heartbeat_s} and silence_s {self.silence_s}; the first must be shorter"
            )


def is_loopback(host: str) -> bool:
    """Tell whether a server bound to `host` can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
