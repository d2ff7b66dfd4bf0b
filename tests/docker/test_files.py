"""What is in docker/: images that are no root's, settings that the server knows, a dashboard of figures that exist."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from server.settings import Settings
from server.settings_sources import load_settings
from tests.docker.dockerfile import DockerfileError, assignments, needed, parse, substitute
from tests.server.running_server import RunningServer

PROJECT = Path(__file__).resolve().parents[2]
DOCKER = PROJECT / "docker"
PROGRAMS = Path(sys.executable).parent
IMAGES = ("server", "renderer", "renderer-cuda")
COMPOSE = [
    ["compose.yaml"],
    ["compose.yaml", "compose.cuda.yaml"],
    ["compose.cluster.yaml"],
    ["compose.cluster.yaml", "compose.cuda.yaml"],
    ["compose.edge.yaml"],
    ["compose.edge.yaml", "compose.cuda.yaml"],
]
ENVIRONMENT = {
    "FACEWIRE_DOMAIN": "calls.example",
    "FACEWIRE_CENTRE": "nats.calls.example",
    "FACEWIRE_TURN_PASSWORD": "0123456789abcdef",
    "FACEWIRE_NATS_PASSWORD": "node-0123456789abcdef",
    "FACEWIRE_SITE_PASSWORD": "site-0123456789abcdef",
    "PATH": "/usr/bin:/bin",
}
#: What each configuration of NATS takes from its environment.
NATS = {
    "nats.conf": {
        "FACEWIRE_NATS_PASSWORD": "node-0123456789abcdef",
        "FACEWIRE_SITE_PASSWORD": "site-0123456789abcdef",
        "FACEWIRE_LEAF_PORT": "7422",
    },
    "nats.edge.conf": {"FACEWIRE_CENTRE_NATS": "tls://site:site-0123456789abcdef@nats.calls.example:7422"},
}


def compose() -> list[str]:
    """Return the command; skips where there is none."""
    fetched = PROJECT / "build/docker-tools/docker-compose"
    if fetched.is_file():
        return [str(fetched)]
    if shutil.which("docker") and subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0:
        return ["docker", "compose"]
    pytest.skip("no Compose here: `make test-docker` fetches it")


def configured(files: list[str]) -> dict[str, Any]:
    """Return what Compose makes of its files."""
    named = [word for name in files for word in ("--file", str(DOCKER / name))]
    made = subprocess.run(
        [*compose(), *named, "config", "--format", "json"], env=ENVIRONMENT, capture_output=True, check=False
    )
    assert made.returncode == 0, made.stderr.decode()
    configuration: dict[str, Any] = json.loads(made.stdout)
    return configuration


@pytest.mark.parametrize("image", IMAGES)
def test_images_have_a_health_check_and_no_root(image: str) -> None:
    stages = parse(DOCKER / "Dockerfile")
    lineage = [image]
    while stages[lineage[-1]].base in stages:
        lineage.append(stages[lineage[-1]].base)
    instructions = [instruction for name in reversed(lineage) for instruction in stages[name].instructions]
    users = [instruction.text for instruction in instructions if instruction.name == "USER"]
    assert users
    assert users[-1] == "1000"
    assert any(instruction.name == "HEALTHCHECK" for instruction in instructions)
    assert needed(stages, image)[-1] == image


def test_a_dockerfile_is_read_strictly(tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text(
        "# note\nFROM debian AS a\nENV A=1 \\\n    B=$A-2\n\nFROM a AS b\nCOPY --from=c /x /y\nFROM a AS c\n"
    )
    stages = parse(file)
    assert [(stage.name, stage.base) for stage in stages.values()] == [("a", "debian"), ("b", "a"), ("c", "a")]
    assert assignments(stages["a"].instructions[0].text, {"A": "1"}) == {"A": "1", "B": "1-2"}
    assert needed(stages, "b") == ["a", "c", "b"]
    assert substitute("${A}/$B/$C", {"A": "x", "B": "y"}) == "x/y/"
    for wrong in ("FROM debian\n", "RUN x\n", "FROM debian AS a\nONBUILD RUN x\n"):
        file.write_text(wrong)
        with pytest.raises(DockerfileError):
            parse(file)


@pytest.mark.parametrize("files", COMPOSE, ids="+".join)
def test_compose_files_validate_and_set_what_the_server_knows(files: list[str], tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("5f1c0d7be29a4438b06d1e5a7c93f24801bd6e39c7a2f4850d9b61e83c40a7f5")
    services = configured(files)["services"]
    for name, service in services.items():
        environment = {
            key: f"@{secret}" if str(value).startswith("@/") else str(value)
            for key, value in (service.get("environment") or {}).items()
            if key not in ("FACEWIRE_DOMAIN", "FACEWIRE_NODES")
        }
        if name.startswith("nats"):
            assert environment.keys() == NATS[Path(service["volumes"][0]["source"]).name].keys()
            environment = {}
        settings = load_settings(None, environment, {}, {})
        if name.startswith("node") or name == "facewire":
            assert settings.access.proxies, name
        if name.startswith("node"):
            assert settings.bus.replicas == 3
            assert settings.public_url == "https://calls.example"
        if name.startswith("node-"):
            assert len(settings.bus.servers) == 3
            assert settings.ice_servers[0]["urls"].startswith("turn:calls.example")
        if name == "renderer" and "compose.cuda.yaml" in files:
            assert service["build"]["target"] == "renderer-cuda"
            assert settings.renderer.faces > Settings().renderer.faces
        assert service["restart"] == "unless-stopped", name
        built_here = "build" in service
        assert built_here or "healthcheck" in service, f"{name} has no health check"
        assert not built_here or service["read_only"] is True, name


@pytest.mark.parametrize("file", NATS)
def test_nats_reads_its_configuration(file: str) -> None:
    checked = subprocess.run(
        [str(PROGRAMS / "nats-server"), "-t", "-c", str(DOCKER / file)],
        env=NATS[file],
        capture_output=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr.decode()


def test_secrets_are_drawn_once(tmp_path: Path) -> None:
    script = shutil.copy(DOCKER / "new-secrets.sh", tmp_path)
    subprocess.run(["sh", script, "calls.example"], check=True, capture_output=True)
    drawn = {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()}
    assert set(drawn) == {"token-key", "admin-token", "renderer-key", "env"}
    assert len({*drawn.values()}) == 4
    assert all(re.fullmatch("[0-9a-f]{64}", drawn[name]) for name in drawn if name != "env")
    names = [line.partition("=")[0] for line in drawn["env"].splitlines()]
    assert {"FACEWIRE_CENTRE", *names} | {"PATH"} == ENVIRONMENT.keys()
    again = subprocess.run(["sh", script, "calls.example"], check=False, capture_output=True)
    assert again.returncode == 1


async def test_the_dashboard_shows_figures_that_the_server_has() -> None:
    dashboard = json.loads((DOCKER / "grafana/dashboards/facewire.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    wanted = set(re.findall(r"\b(?:facewire|process)_[a-z_]+", " ".join(expressions)))
    assert len(wanted) > 15
    async with (
        RunningServer() as server,
        aiohttp.ClientSession() as http,
        http.get(f"{server.address}/metrics") as response,
    ):
        exposed = await response.text()
    known = set(re.findall(r"# TYPE (\w+) ", exposed))
    known |= {f"{name}_bucket" for name in known}
    assert wanted <= known, wanted - known


def test_the_dockerfile_is_linted() -> None:
    linted = subprocess.run(
        [str(PROGRAMS / "hadolint"), "--config", str(DOCKER / "hadolint.yaml"), str(DOCKER / "Dockerfile")],
        capture_output=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout.decode()
