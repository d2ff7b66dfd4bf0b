"""Settings from a file, the environment and flags: what counts, and what is refused."""

from pathlib import Path

import pytest

from server.cli import main
from server.errors import SettingsError
from server.settings import AccessSettings, Secret, Settings, is_guessable
from server.settings_sources import load_settings, read_assignments, setting_types

KEY = "3d1f0c7ab2e94856ac5d20f7719be5c4f08a6d33"


def test_without_sources_there_are_the_defaults() -> None:
    assert load_settings(None, {"PATH": "/bin"}, {}) == Settings()


def test_flags_count_more_than_the_environment_and_that_more_than_the_file(tmp_path: Path) -> None:
    file = tmp_path / "facewire.toml"
    file.write_text(
        'port = 1\nrooms = 5\nhost = "192.0.2.1"\n[voice]\nkbps = 8\n[access]\norigins = ["https://a.example"]\n'
    )
    environment = {"FACEWIRE_PORT": "2", "FACEWIRE_VOICE_PTIME_MS": "120", "FACEWIRE_ROOM_KEPT_S": "1.5"}
    settings = load_settings(file, environment, read_assignments(["port=3", "limits.open_sockets=9"]))
    assert (settings.port, settings.rooms, settings.host) == (3, 5, "192.0.2.1")
    assert (settings.voice.kbps, settings.voice.ptime_ms, settings.room.kept_s) == (8, 120, 1.5)
    assert settings.limits.open_sockets == 9
    assert settings.access.origins == ("https://a.example",)
    assert not settings.link.loopback, "a server for other machines does not offer its own loopback address"


def test_lists_and_tables_from_text() -> None:
    environment = {
        "FACEWIRE_ACCESS_PROXIES": "10.0.0.0/8, 192.0.2.1",
        "FACEWIRE_ICE_SERVERS": '[{"urls": "turn:turn.example", "username": "u", "credential": "c"}]',
        "FACEWIRE_ACCESS_ANONYMOUS": "true",
    }
    settings = load_settings(None, environment, {})
    assert settings.access.proxies == ("10.0.0.0/8", "192.0.2.1")
    assert settings.ice_servers[0]["urls"] == "turn:turn.example"


@pytest.mark.parametrize(
    ("toml", "complaint"),
    [
        ("prot = 1", "unknown field `prot`"),
        ("[voice]\nkpbs = 8", r"unknown field `kpbs` - at `\$.voice`"),
        ('port = "8080"', "Expected `int`, got `str`"),
        ("voice = 3", "Expected `object`"),
        ("port = 70000", "port is 70000"),
        ("port = ", "is not TOML"),
        ('[access]\ntoken_key = "short"', "shorter than 32 bytes"),
        ("[access]\nanonymous = false", "nobody could join"),
        ('[access]\nproxies = ["x"]', "neither an address nor a network"),
        ('[access]\norigins = ["calls.example"]', "is no origin"),
        ("[limits]\nopen_sockets = 0", "open_sockets is 0"),
        ('[log]\nformat = "xml"', "format"),
    ],
)
def test_a_bad_file_is_refused_with_the_reason(tmp_path: Path, toml: str, complaint: str) -> None:
    file = tmp_path / "facewire.toml"
    file.write_text(toml)
    with pytest.raises(SettingsError, match=complaint):
        load_settings(file, {}, {})


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("FACEWIRE_PROT", "1", "no setting"),
        ("FACEWIRE_PORT", "many", "FACEWIRE_PORT: Expected `int`"),
        ("FACEWIRE_ACCESS_ANONYMOUS", "perhaps", "Expected `bool`"),
        ("FACEWIRE_ICE_SERVERS", "[{", "FACEWIRE_ICE_SERVERS"),
        ("FACEWIRE_ACCESS_TOKEN_KEY", "@/nowhere/key", "cannot read the secret in /nowhere/key"),
    ],
)
def test_a_bad_variable_is_refused_with_the_reason(name: str, value: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        load_settings(None, {name: value}, {})


@pytest.mark.parametrize("assignment", ["port", "prot=1", "voice=1", "voice.kbps.x=1", "port=many", "=1"])
def test_a_bad_assignment_is_refused(assignment: str) -> None:
    with pytest.raises(SettingsError, match="--set"):
        read_assignments([assignment])


def test_a_missing_file_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--config", str(tmp_path / "none.toml")]) == 2
    assert (
        capsys.readouterr().err == f"facewire serve: cannot read {tmp_path / 'none.toml'}: No such file or directory\n"
    )


def test_secrets_show_themselves_only_when_asked(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY + "\n")
    settings = load_settings(None, {"FACEWIRE_ACCESS_TOKEN_KEY": f"@{tmp_path / 'key'}"}, {})
    assert settings.access.token_key == Secret(KEY)
    assert settings.access.token_key.reveal() == KEY
    for shown in (repr(settings), str(settings), f"{settings.access.token_key}", "%s" % settings.access):  # noqa: UP031
        assert KEY not in shown
    for wrong in (KEY[:5], KEY[:31]):
        with pytest.raises(SettingsError) as refusal:
            AccessSettings(token_key=Secret(wrong))
        assert wrong not in str(refusal.value)


@pytest.mark.parametrize(
    ("key", "expected"),
    [(KEY, False), ("a" * 40, True), ("0123456789" * 4, True), ("please-change-me-please-change-me-now", True)],
)
def test_keys_that_were_made_up_are_recognised(key: str, expected: bool) -> None:
    assert is_guessable(Secret(key)) is expected


def test_every_setting_is_documented() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs/operations.md").read_text()
    leaves = {path[-1] for path, _ in setting_types()}
    assert {name for name in leaves if f"`{name}`" not in text} == set()


def checked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = main(["serve", "--check", *arguments])
    return status, capsys.readouterr().out


def test_check_passes_what_is_for_this_machine_only(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    _, report = checked(capsys, "--port", "0", "--set", f"state_file={tmp_path / 'state' / 'rooms.sqlite'}")
    assert "ok TLS               not needed" in report
    assert "ok state file" in report
    assert not (tmp_path / "state").exists(), "looking leaves nothing behind"
    assert "!! port" not in report


def test_check_finds_what_is_wrong_and_says_what_to_do(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoilt = tmp_path / "rooms.sqlite"
    spoilt.write_bytes(b"no database" * 100)
    monkeypatch.setenv("FACEWIRE_ACCESS_TOKEN_KEY", "x" * 40)
    monkeypatch.setenv("FACEWIRE_LANDMARKER", str(tmp_path / "none.task"))
    status, report = checked(
        capsys,
        "--host",
        "0.0.0.0",
        "--port",
        "0",
        "--set",
        f"state_file={spoilt}",
        "--set",
        f"client_folder={tmp_path}",
        "--set",
        "rooms=1000000",
        "--set",
        "limits.open_sockets=16000000",
    )
    assert status == 1
    for wrong in ("TLS", "token key", "state file", "browser client", "landmark model"):
        assert f"!! {wrong}" in report
    for missing in ("admin token", "anonymous rooms", "TURN", "open files"):
        assert f"-- {missing}" in report
    assert "--tls self-signed" in report
    assert "LimitNOFILE" in report
    assert "x" * 40 not in report


def test_check_names_a_certificate_that_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    status, report = checked(capsys, "--port", "0", "--tls", "/nowhere/cert.pem,/nowhere/key.pem")
    assert status == 1
    assert "!! TLS" in report
    assert "/nowhere/cert.pem" in report
