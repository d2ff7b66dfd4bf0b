"""`facewire serve --check`: what could go wrong with these settings on this machine, and what to do."""

import math
import os
import resource
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from codec.errors import ModelFileError
from codec.model_files import weights_folder
from server.commands.doctor import check_client, check_landmarker, check_port
from server.commands.findings import Finding, Verdict
from server.commands.turn_check import check_turn
from server.errors import TlsError
from server.settings import Settings, is_guessable, is_loopback
from server.tls import lan_addresses, tls_context
from server.turn.credentials import turn_servers

_KEY_REMEDY = "make one with `openssl rand -hex 32`; FACEWIRE_ACCESS_TOKEN_KEY=@FILE reads it from a file"


def check_server(settings: Settings) -> Iterator[Finding]:
    """Yield a finding for each thing that a server with these settings depends on."""
    yield _tls(settings)
    yield _port(settings)
    yield from _keys(settings)
    yield from _relay(settings)
    yield _state(settings)
    yield _open_files(settings)
    yield check_client(settings.client_folder)
    yield check_landmarker()
    yield _weights()


def _tls(settings: Settings) -> Finding:
    if settings.tls:
        try:
            tls_context(settings.tls)
        except TlsError as error:
            return Finding(Verdict.BAD, "TLS", str(error))
        if settings.tls == "self-signed" and not is_loopback(settings.host):
            return Finding(
                Verdict.MISSING,
                "TLS",
                "self-signed: browsers warn, and people learn to click warnings away",
                "fine among friends; else a certificate of an authority: --tls CERT,KEY, or a proxy such as Caddy",
            )
        return Finding(Verdict.GOOD, "TLS", settings.tls)
    if is_loopback(settings.host):
        return Finding(Verdict.GOOD, "TLS", "not needed: only this machine reaches the server")
    if settings.access.proxies:
        return Finding(Verdict.GOOD, "TLS", f"left to the proxy at {', '.join(settings.access.proxies)}")
    return Finding(
        Verdict.BAD,
        "TLS",
        f"http on {settings.host}: no browser gives the page a camera, and anybody on the way reads and alters it",
        "--tls self-signed, --tls CERT,KEY, or a proxy with TLS (then set access.proxies)",
    )


def _port(settings: Settings) -> Finding:
    host = "127.0.0.1" if settings.host == "localhost" else settings.host or "0.0.0.0"
    return check_port(host, settings.port)


def _keys(settings: Settings) -> Iterator[Finding]:
    access, public = settings.access, not is_loopback(settings.host)
    if access.token_key is None:
        detail = "none: no invitations can be signed, and who was let in must be let in again after a restart"
        verdict = Verdict.MISSING if public else Verdict.GOOD
        yield Finding(
            verdict,
            "token key",
            detail if public else "none; not needed on this machine",
            _KEY_REMEDY if public else "",
        )
    elif is_guessable(access.token_key):
        yield Finding(Verdict.BAD, "token key", "looks made up: who guesses it enters any room as host", _KEY_REMEDY)
    else:
        yield Finding(Verdict.GOOD, "token key", "set")
    if public and access.anonymous:
        detail = "anybody who reaches the server may make rooms"
        yield Finding(Verdict.MISSING, "anonymous rooms", detail, "access.anonymous=false lets in only who has a token")
    if access.admin_token is None:
        detail = "none: /metrics answers this machine only, /admin nobody"
        yield Finding(
            Verdict.MISSING if public else Verdict.GOOD,
            "admin token",
            detail,
            "set access.admin_token" if public else "",
        )
    elif is_guessable(access.admin_token):
        yield Finding(Verdict.BAD, "admin token", "looks made up: who guesses it ends any call", _KEY_REMEDY)
    else:
        yield Finding(Verdict.GOOD, "admin token", "set")


def _relay(settings: Settings) -> Iterator[Finding]:
    servers = (*settings.ice_servers, *turn_servers(settings.turn, "check", time.time()))
    if is_loopback(settings.host) and not servers:
        yield Finding(Verdict.GOOD, "TURN", "not needed: only this machine reaches the server")
        return
    addresses = ", ".join(lan_addresses()) or "none"
    yield Finding(Verdict.GOOD, "UDP", f"media go to any free UDP port of {addresses}: open them in the firewall")
    if not any(server.get("urls", "").startswith("turn") for server in servers):
        yield Finding(
            Verdict.MISSING,
            "TURN",
            "none: whose network lets no UDP through cannot call",
            "run coturn beside the server and set turn.urls and turn.secret (docs/operations.md)",
        )
    if settings.turn.secret is not None and is_guessable(settings.turn.secret):
        yield Finding(Verdict.BAD, "TURN secret", "looks made up: who guesses it relays through you", _KEY_REMEDY)
    yield from check_turn(servers)


def _state(settings: Settings) -> Finding:
    if not settings.state_file:
        return Finding(
            Verdict.MISSING, "state file", "none: locks and lobbies are forgotten at a restart", "set state_file"
        )
    path = Path(settings.state_file)
    try:
        # Looking leaves nothing behind: the server makes the file itself, for its owner's eyes only.
        if path.exists():
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as database:
                database.execute("PRAGMA schema_version")
        else:
            folder = next(parent for parent in path.absolute().parents if parent.exists())
            if not os.access(folder, os.W_OK):
                raise PermissionError(f"{folder} cannot be written")
    except (OSError, sqlite3.Error) as error:
        return Finding(
            Verdict.BAD, "state file", f"{path}: {error}", "name a file that this user may write: state_file"
        )
    return Finding(Verdict.GOOD, "state file", str(path))


def _open_files(settings: Settings) -> Finding:
    """Each participant has a TCP socket and a UDP socket per address of this machine; 100 are for everything else."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    each = 1 + 2 * (1 + len(lan_addresses()))
    holds = math.inf if limit == resource.RLIM_INFINITY else (limit - 100) // each
    wanted = min(settings.rooms * settings.participants, settings.limits.open_sockets)
    if holds >= wanted:
        return Finding(Verdict.GOOD, "open files", f"{limit}: enough for the {wanted} people that the settings allow")
    return Finding(
        Verdict.MISSING,
        "open files",
        f"{limit}: enough for about {holds} people, and the settings allow {wanted}",
        f"ulimit -n {wanted * each + 100}, LimitNOFILE= in systemd, or fewer rooms",
    )


def _weights() -> Finding:
    try:
        folder = weights_folder()
    except ModelFileError as error:
        return Finding(Verdict.BAD, "animator", str(error))
    return Finding(Verdict.GOOD, "animator", str(folder))
