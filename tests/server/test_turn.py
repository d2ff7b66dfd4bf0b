"""Credentials of a TURN server: how they are made, what settings there may be, and that each participant gets some."""

import pytest

from server.errors import SettingsError
from server.settings import RoomSettings, Secret, Settings, TurnSettings
from server.turn.credentials import turn_servers
from tests.server.running_server import RunningServer
from tests.server.strangers import Stranger

SECRET = Secret("5a0a41c5d6a5f8e3b42b7c0f6a51d0e94c77ab83")
URLS = ("turn:turn.example:3478?transport=tcp", "turns:[2001:db8::1]:443")


def test_credentials_are_what_coturn_expects() -> None:
    """`echo -n 1000086400:ann | openssl dgst -sha1 -hmac $SECRET -binary | base64`"""
    servers = turn_servers(TurnSettings(urls=URLS, secret=SECRET), "ann", 1_000_000_000)
    assert [server["urls"] for server in servers] == list(URLS)
    assert {server["username"] for server in servers} == {"1000086400:ann"}
    assert {server["credential"] for server in servers} == {"3crH0Zk2epO/Qwa+fa8ciPLep84="}
    assert turn_servers(TurnSettings(), "ann", 0) == ()


@pytest.mark.parametrize("url", ["", "stun:turn.example", "turn:", "turn:a b", "turn:a?transport=sctp", "https://a"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="is none"):
        TurnSettings(urls=(url,), secret=SECRET)


def test_settings_that_would_not_work_are_refused() -> None:
    with pytest.raises(SettingsError, match="set both"):
        TurnSettings(urls=URLS)
    with pytest.raises(SettingsError, match="shorter than 32"):
        TurnSettings(urls=URLS, secret=Secret("x"))
    with pytest.raises(SettingsError, match="lose their relay"):
        Settings(turn=TurnSettings(urls=URLS, secret=SECRET, lifetime_s=60))
    Settings(turn=TurnSettings(urls=URLS, secret=SECRET, lifetime_s=60), room=RoomSettings(longest_s=60))


async def test_each_participant_gets_credentials() -> None:
    settings = Settings(port=0, turn=TurnSettings(urls=URLS, secret=SECRET))
    async with RunningServer(settings) as server, Stranger(server) as ann, Stranger(server) as bob:
        given = [(await stranger.join()).ice_servers for stranger in (ann, bob)]
    assert [entry["urls"] for entry in given[0]] == list(URLS)
    assert given[0][0]["username"] != given[1][0]["username"]
