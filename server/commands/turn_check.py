"""Whether the TURN servers that clients are told of relay: an allocation (RFC 8656, section 7) is asked of each."""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence

from aioice.stun import TransactionFailed, TransactionTimeout
from aioice.turn import create_turn_endpoint
from aiortc.rtcicetransport import parse_stun_turn_uri

from server.commands.findings import Finding, Verdict

_TIMEOUT_S = 5.0
_UNREACHABLE = "start it, open its port (TCP and UDP) and its relay ports in the firewall, or correct ice_servers"


def check_turn(servers: Sequence[Mapping[str, str]]) -> Iterator[Finding]:
    """Yield a finding for each TURN server among the `ice_servers` of the settings."""
    # aioice writes each refusal to the log, too.
    logging.getLogger("aioice").setLevel(logging.CRITICAL)
    for server in servers:
        if server.get("urls", "").startswith(("turn:", "turns:")):
            yield asyncio.run(_check(server))


async def _check(server: Mapping[str, str]) -> Finding:
    url = server["urls"]
    try:
        parts = parse_stun_turn_uri(url)
    except ValueError as error:
        return Finding(Verdict.BAD, "TURN", f"{url}: {error}", "say it like turn:calls.example:3478?transport=udp")
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            transport, _ = await create_turn_endpoint(
                asyncio.DatagramProtocol,
                server_addr=(parts["host"], parts["port"]),
                username=server.get("username"),
                password=server.get("credential"),
                ssl=parts["scheme"] == "turns",
                transport=parts["transport"],
            )
    except TransactionFailed as error:
        code, reason = error.response.attributes.get("ERROR-CODE", (0, "no reason given"))
        remedy = "set the username and credential that it knows" if code == 401 else "look into its log"
        return Finding(Verdict.BAD, "TURN", f"{url} refuses to relay: {code} {reason}", remedy)
    except (TransactionTimeout, TimeoutError):
        return Finding(Verdict.BAD, "TURN", f"{url} does not answer within {_TIMEOUT_S:g} s", _UNREACHABLE)
    except OSError as error:
        return Finding(Verdict.BAD, "TURN", f"{url}: {error.strerror or error}", _UNREACHABLE)
    relayed = ":".join(map(str, transport.get_extra_info("sockname")))
    transport.close()
    return Finding(Verdict.GOOD, "TURN", f"{url} relays, by {relayed}")
