"""Signalling messages survive the wire, and nothing else gets through."""

import contextlib

import msgpack
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.errors import ProtocolError
from server.protocol.messages import (
    Answer,
    ClientMessage,
    Error,
    Join,
    Joined,
    Leave,
    Offer,
    ParticipantAway,
    ParticipantInfo,
    ParticipantJoined,
    ParticipantLeft,
    ServerMessage,
    Voices,
    pack,
    parse_client_message,
    parse_server_message,
)
from server.protocol.room_messages import (
    AnswerKnock,
    EndRoom,
    Knock,
    KnockGone,
    MuteRequested,
    Remove,
    RequestMute,
    RoomChanged,
    RoomState,
    SetRoom,
    Waiting,
)
from server.webrtc.channels import Channel, split_recipient, split_sender, with_recipient, with_sender

ANN = ParticipantInfo(1, "Ann", "camera")
ZOE = ParticipantInfo(255, "Zoë 👩‍🚀", "none")


@pytest.mark.parametrize(
    "message",
    [
        Join("Ann", "camera"),
        Join("Z" * 64, "file"),
        Join("Ann", "none", token="a.b.c", admission="d.e.f"),
        Offer("v=0\r\n"),
        Leave(),
        AnswerKnock(65_535, True),
        SetRoom(locked=True, lobby=False),
        RequestMute(255),
        Remove(1),
        EndRoom(),
    ],
)
def test_client_messages_survive(message: ClientMessage) -> None:
    assert parse_client_message(pack(message)) == message


@pytest.mark.parametrize(
    "message",
    [
        Joined(7, (ANN, ZOE), ({"urls": "turn:turn.example", "username": "u", "credential": "c"},)),
        Joined(7, ()),
        Joined(7, (), (), RoomState(True, True, (7, 9)), "d.e.f"),
        Waiting(),
        Knock(65_535, "Zoë"),
        KnockGone(1),
        MuteRequested(),
        RoomChanged(RoomState(hosts=(255,))),
        Answer("v=0\r\n"),
        Voices({"1": 3, "2": None}),
        Voices({}),
        ParticipantJoined(ZOE),
        ParticipantLeft(9, "lost"),
        ParticipantAway(9, away=True),
        Error("room-full", "try later"),
        Error("room-full", ""),
    ],
)
def test_server_messages_survive(message: ServerMessage) -> None:
    assert parse_server_message(pack(message)) == message


def test_the_wire_form_is_the_one_that_is_specified() -> None:
    assert msgpack.unpackb(pack(Joined(2, (ANN,)))) == {
        "type": "joined",
        "id": 2,
        "participants": [{"id": 1, "name": "Ann", "source": "camera", "session": 0}],
        "ice_servers": [],
        "room": {"locked": False, "lobby": False, "hosts": []},
    }
    assert msgpack.unpackb(pack(Joined(2, (), (), RoomState(True, False, (2,)), "p")))["pass"] == "p"
    assert msgpack.unpackb(pack(RoomChanged(RoomState(True, False, (2,))))) == {
        "type": "room",
        "locked": True,
        "lobby": False,
        "hosts": [2],
    }
    assert msgpack.unpackb(pack(Join("Ann", "camera"))) == {
        "type": "join",
        "protocol": 1,
        "name": "Ann",
        "source": "camera",
    }
    again = msgpack.unpackb(pack(Join("Ann", "camera", token="t", admission="p")))
    assert (again["token"], again["pass"]) == ("t", "p")


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"type": "joined", "id": 0, "participants": [], "ice_servers": []}, "id is 0"),
        ({"type": "joined", "id": 1, "participants": {}, "ice_servers": []}, "participants is {}"),
        ({"type": "joined", "id": 1, "participants": [3], "ice_servers": []}, "a participant is 3"),
        ({"type": "joined", "id": 1, "participants": [], "ice_servers": [{}]}, "ice_servers is {}"),
        ({"type": "voices", "slots": {"1": 256}}, "slots is 256"),
        ({"type": "voices", "slots": {"a b": 1}}, "slots is 'a b'"),
        ({"type": "voices", "slots": {str(n): n for n in range(1, 9)}}, "a map of at most 7"),
        ({"type": "participant-away", "id": 1, "away": 1}, "away is 1"),
        ({"type": "participant-left", "id": 1, "reason": "bored"}, "reason is 'bored'"),
        ({"type": "error", "code": "NO", "message": ""}, "code is 'NO'"),
        ({"type": "answer", "sdp": "x" * 60_001}, "sdp is"),
        ({"type": "room", "locked": 1, "lobby": False, "hosts": []}, "locked is 1"),
        ({"type": "room", "locked": True, "lobby": False, "hosts": [0]}, r"hosts is \[0\]"),
        ({"type": "knock", "id": 0, "name": "Ann"}, "id is 0"),
        ({"type": "waiting", "for": "Godot"}, "unknown fields: .'for'."),
    ],
)
def test_bad_fields_are_named(fields: dict[str, object], complaint: str) -> None:
    with pytest.raises(ProtocolError, match=complaint) as refusal:
        parse_server_message(msgpack.packb(fields))
    assert refusal.value.code == "bad-message"


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_raise_only_protocol_errors(data: bytes) -> None:
    for parse in (parse_client_message, parse_server_message):
        with pytest.raises(ProtocolError):
            parse(data)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=70)
    | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
kinds = st.sampled_from(
    [
        *("join", "offer", "leave", "answer-knock", "set-room", "request-mute", "remove", "end-room"),
        *("joined", "answer", "voices", "participant-joined", "participant-left", "error"),
        *("waiting", "knock", "knock-gone", "mute-requested", "room"),
    ]
)
names = st.sampled_from(
    [
        *("name", "source", "protocol", "sdp", "id", "participants", "ice_servers", "slots", "participant", "reason"),
        *("token", "pass", "room", "locked", "lobby", "hosts", "admit"),
    ]
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(kinds, st.dictionaries(names, values, max_size=4))
def test_random_fields_are_parsed_or_refused(kind: str, fields: dict[str, object]) -> None:
    data = msgpack.packb({"type": kind, **fields})
    for parse in (parse_client_message, parse_server_message):
        with contextlib.suppress(ProtocolError):
            assert parse(data).type == kind


def test_the_relay_swaps_one_byte() -> None:
    assert with_recipient(Channel.MOTION, 0, b"bundle") == b"bundle"
    assert split_recipient(Channel.MOTION, b"bundle") == (0, b"bundle")
    assert split_recipient(Channel.KEYFRAME, with_recipient(Channel.KEYFRAME, 9, b"slice")) == (9, b"slice")
    assert split_sender(with_sender(9, b"slice")) == (9, b"slice")


@pytest.mark.parametrize(
    ("channel", "size"),
    [
        (Channel.MOTION, 0),
        (Channel.MOTION, 1161),
        (Channel.KEYFRAME, 1),
        (Channel.KEYFRAME, 1151),
        (Channel.CONTROL, 4097),
    ],
)
def test_messages_of_other_sizes_are_refused(channel: Channel, size: int) -> None:
    with pytest.raises(ProtocolError, match=f"{size} bytes on {channel}"):
        split_recipient(channel, bytes(size))


@pytest.mark.parametrize("message", [b"", b"\x01", b"\x00payload"])
def test_a_delivery_without_sender_or_payload_is_refused(message: bytes) -> None:
    with pytest.raises(ProtocolError):
        split_sender(message)
