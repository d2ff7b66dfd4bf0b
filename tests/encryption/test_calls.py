"""Real calls through the real relay, with and without a key in the link: what the relay has of them."""

import asyncio
from collections.abc import Iterator
from itertools import islice

import pytest

from codec.keyframes import slice_keyframe
from codec.recording import RecordingReader, RecordKind
from server.client.events import (
    BundleReceived,
    ControlReceived,
    EncryptionChanged,
    KeyframeSliceReceived,
    KeysExchanged,
    ParticipantCame,
    ParticipantWent,
    VoiceReceived,
    VoicesAssigned,
)
from server.demonstration import RECORDING
from server.encryption.errors import Drop, OpeningError
from server.encryption.key_messages import MediaKey, parse_key_message
from server.encryption.link_secret import LinkSecret
from server.encryption.room_encryption import RoomEncryption
from server.encryption.sealed_header import Lane
from server.errors import CallError
from server.rooms.peer import Peer
from server.webrtc.channels import Channel, split_sender
from tests.encryption.recording_relay import RecordingRelay
from tests.server.running_server import Guest, RunningServer, cut_off, until

KEY = f"#key={LinkSecret(bytes(range(16)))}"
SAMPLES = 2880
BUNDLES, KEYFRAMES, VOICES = 40, 2, 40


@pytest.fixture
def relay(monkeypatch: pytest.MonkeyPatch) -> RecordingRelay:
    return RecordingRelay(monkeypatch)


def material(kind: RecordKind, count: int, longest: int = 900) -> list[bytes]:
    """Return so many payloads of the demonstration recording."""
    with RecordingReader(RECORDING) as reader:
        fitting = (r.payload for r in reader.records() if r.kind is kind and 20 < len(r.payload) <= longest)
        return list(islice(fitting, count))


def pieces(payload: bytes) -> Iterator[bytes]:
    """Yield runs of 12 bytes, long enough that none is in a recording by chance."""
    return (payload[start : start + 12] for start in range(0, len(payload) - 11, 12))


async def read_each_other(*guests: Guest) -> None:
    """Wait until all have each other's keys and seal voice and motion under their own newest."""
    for guest in guests:
        await guest.saw(KeysExchanged, count=len(guests) - 1)
        await settled(guest)


async def settled(guest: Guest) -> None:
    encryption = encryption_of(guest)
    await until(lambda: encryption._schedule._handover_end is None, "the newest key is in use")


def encryption_of(guest: Guest) -> RoomEncryption:
    assert guest.call._traffic is not None
    assert isinstance(guest.call._traffic._encryption, RoomEncryption)
    return guest.call._traffic._encryption


async def talk(speaker: Guest, hearer: Guest) -> list[bytes]:
    """Send bundles both ways, keyframes, voice and state; return all of it once it has arrived."""
    bundles, voices = material(RecordKind.BUNDLE, BUNDLES), material(RecordKind.VOICE, VOICES)
    keyframes = material(RecordKind.KEYFRAME, KEYFRAMES, longest=20_000)
    await hearer.saw(VoicesAssigned, lambda event: speaker.id in event.speakers)
    for number, (bundle, voice) in enumerate(zip(bundles, voices, strict=True)):
        if number % 2:
            assert speaker.call.send_behind_voice(bundle)
        else:
            speaker.call.send_bundle(bundle)
        speaker.call.send_voice(voice, SAMPLES)
        await asyncio.sleep(0.02)
    speaker.call.send_control(0, {"type": "state", "muted": True, "camera": "on"})
    slices = [part for keyframe in keyframes for part in slice_keyframe(keyframe)]
    for part in slices:
        speaker.call.send_keyframe_slice(hearer.id, part)
    assert {e.bundle for e in await hearer.saw(BundleReceived, count=len(bundles))} == set(bundles)
    assert {e.payload for e in await hearer.saw(VoiceReceived, count=len(voices))} == set(voices)
    assert [e.slice for e in await hearer.saw(KeyframeSliceReceived, count=len(slices))] == slices
    await hearer.saw(ControlReceived, lambda event: event.message.get("muted") is True)
    return [*bundles, *voices, *keyframes]


async def test_without_a_key_the_relay_has_everything(relay: RecordingRelay) -> None:
    async with RunningServer() as server, Guest(server.room(), "Ann") as ann, Guest(server.room(), "Bob") as bob:
        sent = await talk(ann, bob)
        assert str(ann.call.encryption) == "not end-to-end encrypted: the link has no key"
        found = relay.reconstruct()
        assert (found.bundles, found.keyframes, found.voices) == (BUNDLES, KEYFRAMES, VOICES)
        assert found.control == [{"type": "state", "muted": True, "camera": "on"}]
        assert all(relay.holds(piece) for payload in sent[:10] for piece in pieces(payload))


async def test_with_a_key_the_relay_has_nothing(relay: RecordingRelay) -> None:
    async with (
        RunningServer() as server,
        Guest(server.room() + KEY, "Ann") as ann,
        Guest(server.room() + KEY, "Bob") as bob,
    ):
        await read_each_other(ann, bob)
        sent = await talk(ann, bob)
        assert str(ann.call.encryption) == str(bob.call.encryption) == "end-to-end encrypted"
        found = relay.reconstruct()
        assert (found.keyframes, found.voices) == (0, 0)
        assert found.bundles <= 1, "of so much noise one may begin like a bundle"
        assert {message["type"] for message in found.control} == {"key-offer", "media-key", "key-taken"}
        assert not any(relay.holds(piece) for payload in sent for piece in pieces(payload))
        assert not bob.call.stats.dropped
        plain = sum(len(packet) for packet in sent[:BUNDLES:2])
        assert sum(len(packet) - 1 for packet in relay.messages[Channel.MOTION]) == plain + 10 * BUNDLES / 2


async def test_somebody_who_left_reads_nothing_of_what_follows(relay: RecordingRelay) -> None:
    async with RunningServer() as server:
        link = server.room() + KEY
        async with Guest(link, "Ann") as ann, Guest(link, "Bob") as bob:
            async with Guest(link, "Eve") as eve:
                await read_each_other(ann, bob, eve)
                ann.call.send_bundle(b"while she is here")
                await eve.saw(BundleReceived)
                kept = encryption_of(eve)
                ann_id = ann.id
                relay.clear()
            await ann.saw(ParticipantWent)
            await bob.saw(ParticipantWent)
            await settled(ann)
            ann.call.send_bundle(b"after she has gone")
            ann.call.send_control(0, {"type": "state"})
            ann.call.send_voice(b"\x18" + bytes(40), SAMPLES)
            await bob.saw(BundleReceived, lambda event: event.bundle == b"after she has gone")
            await bob.saw(VoiceReceived)
    packets = {channel: [split_sender(message) for message in kept] for channel, kept in relay.messages.items()}
    for sender, packet in packets[Channel.CONTROL]:
        message = parse_key_message(packet)
        if isinstance(message, MediaKey):
            with pytest.raises(OpeningError):
                kept.take(sender, message)
    follow = [(Lane.MOTION, packet) for _, packet in packets[Channel.MOTION] if len(packet) == 28]
    follow += [(Lane.VOICE, packet) for packet in relay.voices]
    assert len(follow) >= 2
    for lane, packet in follow:
        with pytest.raises(OpeningError):
            kept.open(lane, ann_id, packet)


async def test_without_the_key_somebody_is_there_and_unreadable_both_ways() -> None:
    async with (
        RunningServer() as server,
        Guest(server.room() + KEY, "Ann") as ann,
        Guest(server.room() + KEY, "Bob") as bob,
        Guest(server.room(), "Kim") as kim,
    ):
        await ann.saw(ParticipantCame, lambda event: event.participant.id == kim.id)
        await read_each_other(ann, bob)
        await kim.saw(VoicesAssigned, lambda event: {ann.id, bob.id} <= event.speakers)
        for number in range(10):
            ann.call.send_voice(b"\x18" + bytes(40), SAMPLES)
            ann.call.send_bundle(b"sealed %d" % number)
            kim.call.send_voice(b"\x18" + bytes(40), SAMPLES)
            kim.call.send_bundle(b"in the clear %d" % number)
            await asyncio.sleep(0.02)
        await bob.saw(BundleReceived, count=10)
        await until(lambda: kim.call.stats.dropped.total() >= 20, "all of it is dropped")
        await until(lambda: ann.call.stats.dropped.total() >= 20, "all of it is dropped")
        await kim.saw(EncryptionChanged, lambda event: event.status.strangers == {ann.id, bob.id})
        for guest in (ann, bob):
            await guest.saw(EncryptionChanged, lambda event: event.status.strangers == {kim.id})
        for guest in (ann, kim):
            assert not [e for e in guest.seen if isinstance(e, VoiceReceived | BundleReceived | ControlReceived)]
        assert not [e for e in bob.seen if isinstance(e, BundleReceived) and e.sender == kim.id]


async def test_what_a_hostile_relay_repeats_cuts_or_changes_is_dropped_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send = Peer.send

    def meddle(peer: Peer, channel: Channel, message: bytes) -> None:
        if channel is not Channel.MOTION:
            send(peer, channel, message)
            return
        sender, packet = split_sender(message)
        changed = packet[:5] + bytes((packet[5] ^ 1,)) + packet[6:]
        for one in (changed, packet[:-1], packet[:6], packet, packet, b"\x10" + packet):
            send(peer, channel, bytes((sender,)) + one)

    monkeypatch.setattr(Peer, "send", meddle)
    async with (
        RunningServer() as server,
        Guest(server.room() + KEY, "Ann") as ann,
        Guest(server.room() + KEY, "Bob") as bob,
    ):
        await read_each_other(ann, bob)
        for number in range(5):
            ann.call.send_bundle(b"bundle %d" % number)
        await bob.saw(BundleReceived, count=5)
        await until(lambda: bob.call.stats.dropped.total() == 25, "everything has come")
        assert sorted(e.bundle for e in bob.seen if isinstance(e, BundleReceived)) == [
            b"bundle %d" % number for number in range(5)
        ]
        assert bob.call.stats.dropped == {Drop.FORGED: 15, Drop.REPLAYED: 5, Drop.UNSEALED: 5}


async def test_after_a_reconnection_keys_are_exchanged_anew() -> None:
    async with (
        RunningServer() as server,
        Guest(server.room() + KEY, "Ann") as ann,
        Guest(server.room() + KEY, "Bob") as bob,
    ):
        await read_each_other(ann, bob)
        cut_off(ann)
        await bob.saw(KeysExchanged, count=2)
        await ann.saw(KeysExchanged, count=2)
        ann.call.send_control(bob.id, {"type": "state", "muted": False, "camera": "off"})
        await bob.saw(ControlReceived)


async def test_a_damaged_key_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(CallError, match="damaged"):
        Guest("http://127.0.0.1:1/room/tea#key=short", "Ann")
