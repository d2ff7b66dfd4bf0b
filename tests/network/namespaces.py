"""Hosts in network namespaces around one router: what networks do to calls, on one machine.

Linux, root, `ip` (iproute2) and `nft` (nftables). Each host has one interface, `eth0`; its other end, in the router,
bears the host's name. The process that makes a network reaches every host too. Nothing else of the machine changes.

    with Network() as network:
        server, ann = network.add_host("server"), network.add_host("ann")
        subprocess.run(ann.command("ping", "-c", "1", server.address))
        ann.change_address()
"""

import os
import re
import shutil
import subprocess
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

_NAME = re.compile(r"facewire-(\d+)-(\d+)-.+")
_NETWORKS = 64
_HOSTS = 99
_FILTER = "facewire"


class NamespaceError(Exception):
    """A namespace could not be made or changed."""


def unavailable() -> str | None:
    """Return why there can be no namespaces here, or None if there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    missing = [tool for tool in ("ip", "nft", "nsenter") if shutil.which(tool) is None]
    return f"needs {', '.join(missing)}: see tests/system_packages.sh" if missing else None


class Namespace:
    """One network namespace, under the name that `ip netns` lists."""

    def __init__(self, name: str) -> None:
        """Make it, with its loopback interface up."""
        self.name = name
        _run("ip", "netns", "add", name)
        self.ip("link", "set", "lo", "up")

    def command(self, *argv: str) -> list[str]:
        """Return the command that runs `argv` in here: the same files, users and processes, another network."""
        return ["nsenter", f"--net=/run/netns/{self.name}", *argv]

    def run(self, *argv: str, stdin: str = "") -> str:
        """Run a command in here and return what it printed. Raises `NamespaceError` if it fails."""
        return _run(*self.command(*argv), stdin=stdin)

    def ip(self, *arguments: str) -> None:
        """Run `ip` in here."""
        self.run("ip", *arguments)

    def delete(self) -> None:
        """Remove it; it lasts until no process runs in here any more."""
        _run("ip", "netns", "delete", self.name)


class Host(Namespace):
    """A host behind the router; it has one address at a time, out of two subnets."""

    def __init__(self, network: "Network", label: str, number: int) -> None:
        """Make it and plug it in; `label` (at most 15 letters) is the interface's name in the router."""
        super().__init__(f"{network.name}-{label}")
        self.label = label
        self._router = network.router
        self._subnets = [f"{network.prefix}.{number}", f"{network.prefix}.{number + _HOSTS}"]
        self._router.ip("link", "add", label, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        for subnet in self._subnets:
            self._router.ip("address", "add", f"{subnet}.1/24", "dev", label)
        self._router.ip("link", "set", label, "up")
        self.ip("link", "set", "eth0", "up")
        self.address = self._take_address()
        self._router.run("nft", "add", "chain", "inet", _FILTER, label)
        self._router.run("nft", "add", "rule", "inet", _FILTER, "forward", "jump", label)

    def change_address(self) -> str:
        """Give the host an address of its other subnet instead, as when a telephone leaves the Wi-Fi; return it."""
        self.ip("address", "flush", "dev", "eth0", "scope", "global")
        self._subnets.reverse()
        self.address = self._take_address()
        return self.address

    def take_down(self) -> None:
        """Let every packet to and from the host vanish; nobody is told, and the interface stays up."""
        self._drop("")

    def block_udp(self) -> None:
        """Let UDP to and from the host vanish, as many company networks do."""
        self._drop("meta l4proto udp")

    def bring_up(self) -> None:
        """Let all packets pass again."""
        self._router.run("nft", "flush", "chain", "inet", _FILTER, self.label)

    def _take_address(self) -> str:
        subnet = self._subnets[0]
        self.ip("address", "add", f"{subnet}.2/24", "dev", "eth0")
        self.ip("route", "replace", "default", "via", f"{subnet}.1")
        return f"{subnet}.2"

    def _drop(self, which: str) -> None:
        chain = f"inet {_FILTER} {self.label}"
        rules = [f"add rule {chain} {end} {self.label} {which} drop" for end in ("iifname", "oifname")]
        self._router.run("nft", "-f", "-", stdin="\n".join([f"flush chain {chain}", *rules]))


class Network:
    """A router, the hosts around it, and a way there from this process; `with` removes all of it again."""

    def __init__(self) -> None:
        """Make the router; what runs that were killed have left behind goes first."""
        _remove_leftovers()
        self.hosts: list[Host] = []
        with ExitStack() as cleanup:
            interface, number = _add_interface()
            self.name = f"facewire-{os.getpid()}-{number}"
            self.prefix = f"10.{64 + number}"
            self.router = Namespace(f"{self.name}-router")
            cleanup.callback(self.router.delete)
            cleanup.callback(_run, "ip", "link", "delete", interface)
            self._set_up(interface, f"{interface}-router")
            self._cleanup = cleanup.pop_all()

    def _set_up(self, interface: str, at_router: str) -> None:
        _run("ip", "link", "set", at_router, "netns", self.router.name)
        for setting in ("ip_forward=1", "conf.all.rp_filter=0", "conf.default.rp_filter=0"):
            self.router.run("sysctl", "--quiet", "--write", f"net.ipv4.{setting}")
        self.router.ip("address", "add", f"{self.prefix}.0.1/24", "dev", at_router)
        self.router.ip("link", "set", at_router, "up")
        _run("ip", "address", "add", f"{self.prefix}.0.2/24", "dev", interface)
        _run("ip", "link", "set", interface, "up")
        _run("ip", "route", "add", f"{self.prefix}.0.0/16", "via", f"{self.prefix}.0.1")
        self.router.run("nft", "add", "table", "inet", _FILTER)
        self.router.run("nft", "add", "chain", "inet", _FILTER, "forward", "{ type filter hook forward priority 0; }")

    def add_host(self, label: str) -> Host:
        """Add a host; `label` is at most 15 letters and digits."""
        if len(self.hosts) >= _HOSTS:
            raise NamespaceError(f"a network has at most {_HOSTS} hosts")
        host = Host(self, label, len(self.hosts) + 1)
        self._cleanup.callback(host.delete)
        self.hosts.append(host)
        return host

    def close(self) -> None:
        """Remove everything; processes that still run in hosts stay there without a network."""
        self._cleanup.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _add_interface() -> tuple[str, int]:
    """Make a pair of interfaces, `fwN` and `fwN-router`, with the first N that is free; return `fwN` and N."""
    for number in range(_NETWORKS):
        interface = f"fw{number}"
        if not Path("/sys/class/net", interface).exists():
            _run("ip", "link", "add", interface, "type", "veth", "peer", "name", f"{interface}-router")
            return interface, number
    raise NamespaceError(f"{_NETWORKS} networks exist already")


def _remove_leftovers() -> None:
    """Remove namespaces whose process has ended; a network's interface here goes with its router."""
    for namespace in _run("ip", "netns", "list").splitlines():
        name = namespace.split()[0]
        made = _NAME.fullmatch(name)
        if made and not Path("/proc", made[1]).exists():
            with suppress(NamespaceError):  # another network may be removing it, too
                _run("ip", "netns", "delete", name)


def _run(*command: str, stdin: str = "") -> str:
    done = subprocess.run(command, input=stdin, capture_output=True, text=True)
    if done.returncode != 0:
        raise NamespaceError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
    return done.stdout
