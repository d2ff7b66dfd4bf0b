"""Every number of the service that could be tuned, in one typed object.

`server.settings_sources` fills it from a file, the environment and flags.
"""

import ipaddress
import os
import re
import zlib
from pathlib import Path
from typing import Literal

import msgspec

from server.errors import SettingsError

_PROJECT = Path(__file__).resolve().parent.parent
_TOKEN_KEY_BYTES = 32
_TURN_URL = re.compile(r"turns?:([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:\d{1,5})?(\?transport=(udp|tcp))?")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]{1,255}")
_DOMAIN = re.compile(r"[A-Za-z0-9_-]{0,64}")


class Secret:
    """Text that shows itself only to who calls `reveal`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def reveal(self) -> str:
        """Return the text."""
        return self._text


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A group of settings."""


class VoiceSettings(_Section, frozen=True, kw_only=True):
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


class LinkSettings(_Section, frozen=True, kw_only=True):
    """What keeps a WebRTC connection quiet and bounded."""

    loopback: bool = True
    """Offer 127.0.0.1 always; without it only when the machine has no other address."""
    rtcp_interval_s: float = 5.0
    """Least time between two reports of one stream (aiortc's own is 1 s, idle streams included)."""
    acknowledgement_delay_s: float = 0.2
    """How long a SACK may wait (RFC 9260, section 6.2, allows 0.5)."""
    connect_timeout_s: float = 20.0
    """A connection that is not up by then has failed."""


class AccessSettings(_Section, frozen=True, kw_only=True):
    """Who may come in."""

    anonymous: bool = True
    """Whether a room's link alone lets people in; if not, everybody needs a join token."""
    token_key: Secret | None = None
    """Signs join tokens (HS256), at least 32 bytes; without one the server makes one up that only it knows."""
    admin_token: Secret | None = None
    """Opens `/metrics` and `/admin` to other machines, at least 32 characters."""
    origins: tuple[str, ...] = ()
    """Origins whose pages may join besides the server's own, like https://calls.example."""
    proxies: tuple[str, ...] = ()
    """Addresses or networks of reverse proxies, whose X-Forwarded-For is believed."""

    def __post_init__(self) -> None:
        if self.token_key is not None and len(self.token_key.reveal().encode()) < _TOKEN_KEY_BYTES:
            raise SettingsError(
                f"access token_key is shorter than {_TOKEN_KEY_BYTES} bytes (RFC 7518, section 3.2): "
                "make one with `openssl rand -hex 32`"
            )
        if self.admin_token is not None and len(self.admin_token.reveal()) < _TOKEN_KEY_BYTES:
            raise SettingsError(
                f"access admin_token is shorter than {_TOKEN_KEY_BYTES} characters: "
                "make one with `openssl rand -hex 32`"
            )
        if not self.anonymous and self.token_key is None:
            raise SettingsError("access anonymous is off but there is no token_key: nobody could join; set one")
        for proxy in self.proxies:
            try:
                ipaddress.ip_network(proxy)
            except ValueError as error:
                raise SettingsError(f"access proxies: {proxy!r} is neither an address nor a network") from error
        for origin in self.origins:
            scheme, _, host = origin.partition("://")
            if scheme not in ("http", "https") or not host or "/" in host:
                raise SettingsError(f"access origins: {origin!r} is no origin; say it like https://calls.example")


class RoomSettings(_Section, frozen=True, kw_only=True):
    """How long rooms last and how their doors work."""

    longest_s: float = 86_400.0
    """A room ends when it has existed for so long, people in it or not."""
    kept_s: float = 600.0
    """How long lock, lobby, hosts and an ending are remembered of a room that is empty."""
    held_s: float = 30.0
    """How long the seat of somebody whose connection was lost is held for them."""
    waiting: int = 32
    """Most people who wait in front of one room."""
    knock_s: float = 600.0
    """Who is not let in by then is sent away."""


class LimitSettings(_Section, frozen=True, kw_only=True):
    """What one address, one room and the whole server bear."""

    sockets_per_minute: int = 240
    """Signalling sockets that one address may open."""
    bad_tokens_per_minute: int = 10
    """Refused tokens of one address; then even its good ones are refused until the minute is over."""
    new_rooms_per_minute: int = 60
    """Rooms that one address may make."""
    room_joins_per_minute: int = 240
    """Attempts, from anywhere, to enter one room."""
    open_sockets: int = 4000
    """Signalling sockets at a time."""
    open_sockets_of_address: int = 250
    """Those of one address."""
    sockets_before_join: int = 256
    """Those that have not asked to join yet."""
    sockets_before_join_of_address: int = 32
    """Those of one address."""
    header_bytes: int = 8190
    """Longest request line, and longest header."""
    request_s: float = 15.0
    """A connection without a whole request for so long is closed."""

    def __post_init__(self) -> None:
        for field in msgspec.structs.fields(self):
            value = getattr(self, field.name)
            if value <= 0:
                raise SettingsError(f"limits {field.name} is {value}; it must be more than 0")


class RendererSettings(_Section, frozen=True, kw_only=True):
    """What draws faces on the server's side for browsers that cannot, and how well (docs/rendering.md)."""

    embedded: bool = False
    """Whether the server starts a renderer of its own, in a process beside it."""
    key: Secret | None = None
    """Lets renderers register, at least 32 characters; without one only the embedded renderer does."""
    provider: Literal["auto", "cpu", "cuda"] = "auto"
    """What the renderer draws with; `auto`: CUDA where it starts, else the CPU."""
    fps: float = 20.0
    """Pictures of each face a second, 1–30."""
    kbps: float = 250.0
    """Bitrate of each face's video, 50–2000 kbit/s."""
    faces: int = 32
    """Most faces that the renderer draws."""

    def __post_init__(self) -> None:
        if self.key is not None and len(self.key.reveal()) < _TOKEN_KEY_BYTES:
            raise SettingsError(
                f"renderer key is shorter than {_TOKEN_KEY_BYTES} characters: make one with `openssl rand -hex 32`"
            )
        for name, least, most in (("fps", 1, 30), ("kbps", 50, 2000), ("faces", 1, 10_000)):
            if not least <= getattr(self, name) <= most:
                raise SettingsError(f"renderer {name} is {getattr(self, name)}; use {least}–{most}")


class BusSettings(_Section, frozen=True, kw_only=True):
    """Where the nodes of a cluster meet."""

    servers: tuple[str, ...] = ()
    """NATS servers, nats://HOST[:PORT] or tls://…; none for a server that is alone."""
    credentials: str = ""
    """File with the user's JWT and seed (`.creds`), where NATS wants one."""
    replicas: int = 1
    """On how many NATS servers rooms' records are kept; 3 where there are three."""
    domain: str = ""
    """The JetStream domain that keeps the records; to be named where the NATS server is a leaf node of it."""

    def __post_init__(self) -> None:
        if not 1 <= self.replicas <= 5:
            raise SettingsError(f"bus replicas is {self.replicas}; JetStream keeps 1–5")
        if not _DOMAIN.fullmatch(self.domain):
            raise SettingsError(f"bus domain is {self.domain!r}; NATS names domains by letters, digits, - and _")
        for server in self.servers:
            if not server.startswith(("nats://", "tls://")):
                raise SettingsError(f"bus servers: {_without_password(server)!r}; say it like nats://127.0.0.1:4222")

    def shown(self) -> str:
        """Return the servers for people to read, without passwords."""
        return ", ".join(map(_without_password, self.servers))


class TurnSettings(_Section, frozen=True, kw_only=True):
    """A TURN server (coturn) that relays for clients whose network lets no UDP through."""

    urls: tuple[str, ...] = ()
    """Its URLs (RFC 7065), like turn:turn.example:3478?transport=tcp and turns:turn.example:443."""
    secret: Secret | None = None
    """coturn's `static-auth-secret`, at least 32 characters; credentials are made of it for each client."""
    lifetime_s: float = 86_400.0
    """Credentials expire after so long; no less than a call may last."""

    def __post_init__(self) -> None:
        for url in self.urls:
            if not _TURN_URL.fullmatch(url):
                raise SettingsError(f"turn urls: {url!r} is none; say it like turn:turn.example:3478?transport=tcp")
        if bool(self.urls) != (self.secret is not None):
            raise SettingsError("turn needs both urls and the secret that the TURN server has: set both, or neither")
        if self.secret is not None and len(self.secret.reveal()) < _TOKEN_KEY_BYTES:
            raise SettingsError(
                f"turn secret is shorter than {_TOKEN_KEY_BYTES} characters: make one with `openssl rand -hex 32`"
            )


class LogSettings(_Section, frozen=True, kw_only=True):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "text"] = "auto"
    """`auto`: text on a terminal, else JSON."""


class Settings(_Section, frozen=True, kw_only=True):
    """Settings of one server. Raises `SettingsError` for a value out of range."""

    host: str = "localhost"
    port: int = 8080
    tls: str = ""
    """`self-signed`, or `CERT,KEY`, two PEM files; empty for http."""
    public_url: str = ""
    """Origin at which people reach this server; other nodes tell it to theirs, in case they stop."""
    demonstration: bool = False
    """Keep a recorded participant in the room `demo`."""
    state_file: str = ""
    """SQLite file in which rooms survive a restart; empty to forget them."""
    participants: int = 16
    """Most participants of one room, 1–255."""
    rooms: int = 1000
    """Most rooms at a time."""
    signal_bytes: int = 65536
    """Largest WebSocket message."""
    signal_per_second: float = 20.0
    """WebSocket messages a participant may send on average; bursts of three seconds' worth pass."""
    heartbeat_s: float = 5.0
    silence_s: float = 30.0
    """A socket that says nothing for so long is closed; so is one that does not join."""
    drain_s: float = 0.0
    """How long calls may go on after SIGTERM, while nobody new is let in."""
    shutdown_s: float = 2.0
    """How long saying goodbye to everybody may take."""
    voice: VoiceSettings = msgspec.field(default_factory=VoiceSettings)
    link: LinkSettings = msgspec.field(default_factory=LinkSettings)
    access: AccessSettings = msgspec.field(default_factory=AccessSettings)
    room: RoomSettings = msgspec.field(default_factory=RoomSettings)
    limits: LimitSettings = msgspec.field(default_factory=LimitSettings)
    renderer: RendererSettings = msgspec.field(default_factory=RendererSettings)
    bus: BusSettings = msgspec.field(default_factory=BusSettings)
    turn: TurnSettings = msgspec.field(default_factory=TurnSettings)
    log: LogSettings = msgspec.field(default_factory=LogSettings)
    ice_servers: tuple[dict[str, str], ...] = ()
    """STUN and TURN servers that clients are told of (`urls`, `username`, `credential`)."""
    client_folder: Path = msgspec.field(
        default_factory=lambda: Path(os.environ.get("FACEWIRE_CLIENT", _PROJECT / "client_web/dist"))
    )
    """The built browser client."""

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise SettingsError(f"port is {self.port}; use 1–65535, or 0 for any free one")
        if not 1 <= self.participants <= 255:
            raise SettingsError(f"participants is {self.participants}; the wire's ids allow 1–255")
        if self.public_url and not _ORIGIN.fullmatch(self.public_url):
            raise SettingsError(f"public_url is {self.public_url!r}; it is an origin, like https://calls.example")
        if self.bus.servers and self.access.token_key is None:
            raise SettingsError(
                "bus servers are named but no access token_key: passes must count on every node; "
                "make one with `openssl rand -hex 32` and give it to all"
            )
        if self.turn.urls and self.turn.lifetime_s < self.room.longest_s:
            raise SettingsError(
                f"turn lifetime_s is {self.turn.lifetime_s:g}, and a room lasts {self.room.longest_s:g} s: "
                "calls would lose their relay; make it no shorter than room.longest_s"
            )
        if self.rooms < 1:
            raise SettingsError(f"rooms is {self.rooms}; there must be at least one")
        if not 1024 <= self.signal_bytes <= 1 << 20:
            raise SettingsError(f"signal_bytes is {self.signal_bytes}; use 1024–1048576")
        if not 0 < self.heartbeat_s < self.silence_s:
            raise SettingsError(
                f"heartbeat_s is {self.heartbeat_s} and silence_s {self.silence_s}; the first must be shorter"
            )


def _without_password(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def is_guessable(key: Secret) -> bool:
    """Tell whether a key of sufficient length was plainly not drawn at random."""
    text = key.reveal().lower()
    repeats = len(zlib.compress(text.encode(), 9)) < 0.6 * len(text)
    return repeats or "change" in text or "secret" in text


def is_loopback(host: str) -> bool:
    """Tell whether a server bound to `host` can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
