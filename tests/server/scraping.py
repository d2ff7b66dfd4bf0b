"""What a running server tells Prometheus, read as Prometheus reads it."""

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from tests.server.running_server import RunningServer


async def figures(server: RunningServer, **headers: str) -> dict[str, float]:
    """Return every sample, named like `facewire_refusals_total{reason=origin}`."""
    async with aiohttp.ClientSession(headers=headers) as http, http.get(f"{server.address}/metrics") as response:
        assert response.status == 200
        text = await response.text()
    samples: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            samples[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return samples


async def refusals(server: RunningServer) -> dict[str, int]:
    """Return how often each reason was counted."""
    prefix = "facewire_refusals_total{reason="
    samples = await figures(server)
    return {name.removeprefix(prefix)[:-1]: int(value) for name, value in samples.items() if name.startswith(prefix)}
