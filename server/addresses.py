"""From which address a request comes, reverse proxies looked through."""

import ipaddress
from collections.abc import Iterable

from aiohttp import web

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_UNKNOWN = "unknown"


class Addresses:
    """Tells clients' addresses; believes `X-Forwarded-For` of the given proxies only."""

    def __init__(self, proxies: Iterable[str]) -> None:
        """`proxies` are addresses or networks."""
        self._proxies: list[_Network] = [ipaddress.ip_network(proxy) for proxy in proxies]

    def client(self, request: web.Request) -> str:
        """Return who is counted for a request: an IPv4 address, or the /64 network of an IPv6 one."""
        counted = _UNKNOWN
        for hop in (request.remote or "", *reversed(self._forwarded(request))):
            address = _parse(hop)
            if address is None:
                break
            counted = _counted(address)
            if not any(address in proxy for proxy in self._proxies):
                break
        return counted

    def is_this_machine(self, request: web.Request) -> bool:
        """Tell whether a request comes from this machine itself, through no proxy."""
        address = _parse(request.remote or "")
        return address is not None and address.is_loopback and not self._forwarded(request)

    def _forwarded(self, request: web.Request) -> list[str]:
        values = request.headers.getall("X-Forwarded-For", [])
        return [hop.strip() for value in values for hop in value.split(",")]


def _parse(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def _counted(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
