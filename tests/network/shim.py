"""Delays and loses the packets of one host: what the kernel's `netem` does, for kernels without it.

    python shim.py DEVICE SUBNET DELAY_MS JITTER_MS LOSS BURST LOG

Reads IP packets from the TUN device, writes them back DELAY_MS ± JITTER_MS later (evenly spread), in their order in
each direction, and loses a LOSS share of them, in bursts of BURST packets on average (0: each by itself). Those for
SUBNET go down, all others up. LOG gets a line `time direction bytes lost` for each packet: seconds of the Unix clock,
`up` or `down`, the IP packet's length, 0 or 1. Runs until it is killed.
"""

import fcntl
import heapq
import ipaddress
import os
import random
import select
import struct
import sys
import time
from itertools import count
from typing import TextIO

_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_LARGEST_PACKET = 65_536
_DESTINATION = slice(16, 20)


class Path:
    """One direction: says when each packet leaves, if it does. Bursts follow Gilbert's model of two states."""

    def __init__(self, delay_s: float, jitter_s: float, loss: float, burst: float, seed: int) -> None:
        self._delay_s, self._jitter_s = delay_s, jitter_s
        self._stay = 1 - 1 / burst if burst else loss
        self._begin = loss / (burst * (1 - loss)) if burst else loss
        self._losing = False
        self._latest_s = 0.0
        self._random = random.Random(seed)

    def departure_s(self, now_s: float) -> float | None:
        """Return when a packet that comes now leaves; None if it is lost."""
        self._losing = self._random.random() < (self._stay if self._losing else self._begin)
        if self._losing:
            return None
        delay_s = self._delay_s + self._random.uniform(-self._jitter_s, self._jitter_s)
        self._latest_s = max(self._latest_s, now_s + delay_s)
        return self._latest_s


def run(device: str, subnet: str, paths: dict[str, Path], log: TextIO) -> None:
    """Pass packets on for ever."""
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH", device.encode(), _IFF_TUN | _IFF_NO_PI))
    os.set_blocking(tun, False)
    below = ipaddress.ip_network(subnet)
    waiting: list[tuple[float, int, bytes]] = []
    numbers = count()
    while True:
        now_s = time.monotonic()
        while waiting and waiting[0][0] <= now_s:
            os.write(tun, heapq.heappop(waiting)[2])
        pause_s = max(0.0, waiting[0][0] - now_s) if waiting else None
        if not select.select([tun], [], [], pause_s)[0]:
            continue
        packet = os.read(tun, _LARGEST_PACKET)
        if packet[0] >> 4 != 4:
            continue
        direction = "down" if ipaddress.ip_address(packet[_DESTINATION]) in below else "up"
        departure_s = paths[direction].departure_s(time.monotonic())
        log.write(f"{time.time():.4f} {direction} {len(packet)} {int(departure_s is None)}\n")
        if departure_s is not None:
            heapq.heappush(waiting, (departure_s, next(numbers), packet))


def main() -> None:
    """Read the arguments and run."""
    device, subnet, *numbers, log = sys.argv[1:]
    delay_ms, jitter_ms, loss, burst = map(float, numbers)
    os.nice(-10)
    paths = {
        direction: Path(delay_ms / 1000, jitter_ms / 1000, loss, burst, seed)
        for seed, direction in enumerate(("up", "down"))
    }
    with open(log, "w", buffering=1) as lines:
        run(device, subnet, paths, lines)


if __name__ == "__main__":
    main()
