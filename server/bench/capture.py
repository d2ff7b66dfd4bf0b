"""Counts every packet between a server process and its clients, from a raw capture of the loopback interface.

Packets are classed by their first byte (RFC 7983): STUN, DTLS (data channels), RTP and RTCP. IP and UDP headers count.
"""

import socket
import struct
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from server.errors import ServerError

_ETH_P_ALL = 3
_ETHERNET = 14
_OUTGOING = 4
_UDP, _TCP = 17, 6


class CaptureError(ServerError):
    """The interface cannot be captured here."""


@dataclass
class Flow:
    """Bytes and packets between the server and one client port, IP headers included."""

    up: Counter[str] = field(default_factory=Counter)  #: to the server, bytes by class
    down: Counter[str] = field(default_factory=Counter)
    up_packets: Counter[str] = field(default_factory=Counter)
    down_packets: Counter[str] = field(default_factory=Counter)


class LoopbackCapture:
    """Captures while it is open. Needs the right to open raw sockets (root, or CAP_NET_RAW)."""

    def __init__(self, server_pid: int, interface: str = "lo") -> None:
        self.flows: dict[tuple[str, int], Flow] = {}  #: by protocol and client port
        self.seconds = 0.0
        self._server_pid = server_pid
        self._server_ports: set[tuple[str, int]] = set()
        self._client_ports: set[tuple[str, int]] = set()
        try:
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
            self._socket.bind((interface, 0))
        except PermissionError as error:
            raise CaptureError("capturing needs root or CAP_NET_RAW: run the benchmark with sudo") from error
        self._socket.settimeout(0.2)
        self._running = True
        self._thread = threading.Thread(target=self._run, name="capture")

    def __enter__(self) -> "LoopbackCapture":
        self._server_ports = _ports_of(self._server_pid)
        self._started = monotonic()
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._running = False
        self._thread.join()
        self._socket.close()
        self.seconds = monotonic() - self._started

    def _run(self) -> None:
        while self._running:
            with suppress(TimeoutError):
                frame, address = self._socket.recvfrom(65536)
                if address[2] == _OUTGOING:
                    self._count(frame[_ETHERNET:])

    def _count(self, packet: bytes) -> None:
        parsed = _parse(packet)
        if parsed is None:
            return
        protocol, source, target, payload = parsed
        for port, client, direction in ((target, source, "up"), (source, target, "down")):
            if (protocol, port) in self._server_ports:
                flow = self.flows.setdefault((protocol, client), Flow())
                kind = _kind(protocol, payload)
                getattr(flow, direction)[kind] += len(packet)
                getattr(flow, f"{direction}_packets")[kind] += 1
                return


def _parse(packet: bytes) -> tuple[str, int, int, bytes] | None:
    """Return protocol, source port, target port and payload of an IP packet; None for anything else."""
    version = packet[0] >> 4
    if version == 4:
        header, protocol = (packet[0] & 15) * 4, packet[9]
    elif version == 6:
        header, protocol = 40, packet[6]
    else:
        return None
    if protocol not in (_UDP, _TCP) or len(packet) < header + 8:
        return None
    source, target = struct.unpack_from(">HH", packet, header)
    if protocol == _UDP:
        return "udp", source, target, packet[header + 8 :]
    return "tcp", source, target, packet[header + (packet[header + 12] >> 4) * 4 :]


def _kind(protocol: str, payload: bytes) -> str:
    if protocol == "tcp":
        return "signalling"
    first = payload[0] if payload else 0
    if first < 4:
        return "STUN"
    if 20 <= first <= 63:
        return "DTLS"
    if 128 <= first <= 191:
        return "RTCP" if 192 <= payload[1] <= 223 else "RTP"
    return "other"


def _ports_of(pid: int) -> set[tuple[str, int]]:
    """Return the (protocol, port) pairs that a process has bound (Linux)."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            target = str(descriptor.readlink())
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    ports = set()
    for table in ("udp", "udp6", "tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes:
                ports.add((table[:3], int(fields[1].rsplit(":", 1)[1], 16)))
    return ports
