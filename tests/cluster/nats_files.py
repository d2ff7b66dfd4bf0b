"""The NATS configuration of docker/, for servers of this machine's own."""

import re
from pathlib import Path

DOCKER = Path(__file__).parents[2] / "docker"
NODE_PASSWORD = "node-a1d6f0c57e"
SITE_PASSWORD = "site-58b2e901dd"


def centre(store: Path, leaf_port: int, certificates: Path | None = None) -> str:
    """Return the centre's, for one server instead of three; with TLS for sites if there are certificates.

    It does not tell sites of its own port, which leads past a path that can be cut.
    """
    tls = f', tls: {{ cert_file: "{certificates}/certificate.pem", key_file: "{certificates}/key.pem" }}'
    text = re.sub(r"\ncluster \{.*?\n\}\n", "", (DOCKER / "nats.conf").read_text(), flags=re.DOTALL)
    return (
        text.replace("/data", f'"{store}"')
        .replace("$FACEWIRE_NATS_PASSWORD", NODE_PASSWORD)
        .replace("$FACEWIRE_SITE_PASSWORD", SITE_PASSWORD)
        .replace("$FACEWIRE_LEAF_PORT", f"{leaf_port}, no_advertise: true{tls if certificates else ''}")
    )


def site(centre_port: int, certificates: Path) -> str:
    """Return a site's, which trusts these certificates."""
    address = f'"tls://site:{SITE_PASSWORD}@127.0.0.1:{centre_port}"'
    trust = f'{address}, tls: {{ ca_file: "{certificates}/certificate.pem" }}'
    return (DOCKER / "nats.edge.conf").read_text().replace("$FACEWIRE_CENTRE_NATS", trust)
