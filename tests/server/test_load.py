"""`facewire load` against its own server: small, but with everything real."""

import json
from pathlib import Path

import pytest

from server.cli import main


def test_a_small_load(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "load.json"
    arguments = ["--rooms", "2", "--people", "3", "--seconds", "2", "--processes", "2", "--json", str(file)]
    assert main(["load", *arguments]) == 0
    shown = capsys.readouterr().out
    assert "people             6, 0 could not join" in shown
    figures = json.loads(file.read_text())
    assert (figures["people"], figures["streams"], figures["join_failures"]) == (6, 12, [])
    assert figures["bundles_sent"] >= 6 * 10
    assert figures["delivered"] > 0.9
    assert 0 < figures["latency_ms"]["p50"] <= figures["latency_ms"]["p99"] <= figures["latency_ms"]["max"]
    assert 0 < figures["join_s"]["p50"] < 10
    assert figures["server_cpu"] > 0
    assert len(figures["client_cpu"]) == 2


def test_load_without_a_server(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["load", "--url", "http://127.0.0.1:9"]) == 2
    assert "cannot read http://127.0.0.1:9/metrics" in capsys.readouterr().err
    assert main(["load", "--people", "0"]) == 2
