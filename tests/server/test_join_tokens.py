"""Join tokens: the way into rooms of a server that is not open to everybody."""

import pytest

from server.client.call import Call
from server.errors import CallError
from server.protocol.room_messages import (
    EndRoom,
)
from tests.server.invitations import TOKENS, invited_only
from tests.server.running_server import Guest, RunningServer, until
from tests.server.strangers import Stranger


async def test_tokens_open_a_server_without_anonymous_rooms() -> None:
    async with RunningServer(invited_only()) as server:
        with pytest.raises(CallError) as refusal:
            await Call(server.room(), "Ann").connect()
        assert refusal.value.code == "token-required"
        token = TOKENS.invite("tea", 60, name="Ann of the token")
        async with (
            Guest(f"{server.room()}#token={token}", "Ann") as ann,
            Guest(f"{server.room()}#token={TOKENS.invite('tea', 60, is_host=True)}", "Bob") as bob,
        ):
            await until(lambda: ann.call.room.hosts == (bob.id,), "Bob is host, and Ann is not though she came first")
            assert bob.call.participants[ann.id].name == "Ann of the token"


async def test_a_token_for_one_join_lets_its_owner_come_back_and_nobody_else_in() -> None:
    async with RunningServer(invited_only()) as server:
        token = TOKENS.invite("tea", 60, once=True)
        async with Stranger(server) as ann, Stranger(server) as eve:
            joined = await ann.join("Ann", token=token)
            await eve.ask(token=token)
            assert await eve.error() == "bad-token"
            async with Stranger(server) as again:
                await again.join("Ann", token=token, admission=joined.admission)


async def test_a_host_with_a_token_opens_what_was_ended() -> None:
    async with RunningServer(invited_only()) as server:
        token = TOKENS.invite("tea", 60, is_host=True)
        async with Stranger(server) as ann:
            await ann.join(token=token)
            await ann.send(EndRoom())
            assert await ann.error() == "room-ended"
        async with Stranger(server) as ann:
            await ann.join(token=token)
