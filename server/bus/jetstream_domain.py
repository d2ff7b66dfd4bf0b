"""JetStream of a domain that is not the own server's: the centre's, reached through a leaf node."""

from typing import Any

from nats.aio.client import Client
from nats.js import JetStreamContext, api


class DomainJetStream(JetStreamContext):
    """Names its domain in writes, too.

    nats-py does in the API's requests only, and publishes keys as `$KV.…`, which leaf nodes keep to themselves. A
    domain takes keys under its API's prefix as well (`$JS.DOMAIN.API.$KV.…`), as NATS' client in Go writes them.
    """

    def __init__(self, client: Client, domain: str, timeout_s: float) -> None:
        super().__init__(client, domain=domain, timeout=timeout_s)
        self._writes = f"$JS.{domain}.API."

    async def publish(self, subject: str, payload: bytes = b"", **options: Any) -> api.PubAck:  # type: ignore[override]
        """Publish a key and wait until it is kept; the options are those of nats-py."""
        return await super().publish(self._writes + subject, payload, **options)
