"""The exchange of keys: who comes to read whom, and what a hostile relay, stranger or former guest gets of it."""

import asyncio
import dataclasses

import msgpack
import pytest

from server.encryption import key_schedule
from server.encryption.errors import Drop, OpeningError
from server.encryption.key_exchange import KeyExchange, _mac
from server.encryption.key_messages import KeyOffer, KeyTaken, MediaKey, parse_key_message
from server.encryption.link_secret import LinkSecret
from server.encryption.sealed_header import Lane
from server.errors import CallError, ProtocolError
from tests.encryption.people import LINK, Person, Relay, Sent

VOICE = b"\x18an Opus packet"


async def test_everybody_with_the_link_reads_everybody() -> None:
    relay = Relay()
    people = [Person(relay, identity) for identity in (1, 2, 255)]
    relay.deliver()
    for reader in people:
        assert sorted(reader.exchanged_with) == sorted(other.id for other in people if other is not reader)
        for sender in people:
            if sender is not reader:
                assert all(reader.reads(sender, lane) for lane in Lane)
        assert not reader.dropped
        assert str(reader.encryption.status()) == "end-to-end encrypted"


async def test_offers_go_out_once_to_each() -> None:
    relay = Relay()
    Person(relay, 1)
    relay.deliver()
    Person(relay, 2)
    relay.deliver()
    offers = [sent for sent in relay.seen if isinstance(sent.message, KeyOffer)]
    assert [(sent.sender, sent.recipient) for sent in offers] == [(1, 0), (2, 0), (1, 2)]


@pytest.mark.parametrize("secret", [LINK, LinkSecret.generate()])
async def test_another_key_or_another_room_reads_nothing_and_is_said(secret: LinkSecret) -> None:
    relay = Relay()
    ann = Person(relay, 1)
    eve = Person(relay, 2, secret, "tea" if secret is not LINK else "other")
    relay.deliver()
    assert not any(ann.reads(eve, lane) or eve.reads(ann, lane) for lane in Lane)
    assert ann.dropped[Drop.REFUSED_OFFER]
    assert eve.dropped[Drop.REFUSED_OFFER]
    assert ann.encryption.status().strangers == {2}
    assert eve.encryption.status().strangers == {1}
    assert not [sent for sent in relay.seen if isinstance(sent.message, MediaKey)]


async def test_a_relay_in_the_middle_is_refused() -> None:
    relay = Relay()
    ann, bob = Person(relay, 1), Person(relay, 2)
    own = KeyExchange(LinkSecret.generate().link_key("tea"), 1, seals_voice=True)
    relay.waiting = type(relay.waiting)(
        Sent(sent.sender, sent.recipient, dataclasses.replace(sent.message, public=own.offer.public))
        for sent in relay.waiting
        if isinstance(sent.message, KeyOffer)
    )
    relay.deliver()
    assert ann.dropped[Drop.REFUSED_OFFER]
    assert bob.dropped[Drop.REFUSED_OFFER]
    assert not ann.reads(bob)
    assert not bob.reads(ann)


async def test_a_relay_cannot_say_that_somebody_cannot_seal_voice() -> None:
    relay = Relay()
    ann, bob = Person(relay, 1), Person(relay, 2)
    offer = relay.seen[1].message
    assert isinstance(offer, KeyOffer)
    ann.take(bob.id, dataclasses.replace(offer, seals_voice=False))
    assert ann.dropped[Drop.REFUSED_OFFER] == 1
    assert ann.encryption.status().voice_sealed


async def test_an_offer_is_good_for_its_own_sender_only() -> None:
    relay = Relay()
    ann, bob = Person(relay, 1), Person(relay, 2)
    relay.deliver()
    for sent in list(relay.seen):
        if sent.sender == bob.id and isinstance(sent.message, KeyOffer):
            ann.take(3, sent.message)
    assert ann.dropped == {Drop.REFUSED_OFFER: 1}
    assert ann.encryption.status().strangers == {3}


async def test_replayed_key_messages_change_nothing() -> None:
    relay = Relay()
    ann, bob = Person(relay, 1), Person(relay, 2)
    relay.deliver()
    Person(relay, 3)
    relay.deliver()
    for sent in list(relay.seen):
        for person in (ann, bob):
            if sent.sender != person.id and sent.recipient in (0, person.id):
                person.take(sent.sender, sent.message)
    relay.deliver()
    assert ann.reads(bob)
    assert bob.reads(ann)
    assert not ann.dropped


async def test_the_offer_of_an_earlier_stay_gives_a_relay_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_schedule, "LONGEST_HANDOVER_S", 0.05)
    relay = Relay()
    ann, bob = Person(relay, 1), Person(relay, 2)
    relay.deliver()
    relay.leave(bob)
    new_bob = Person(relay, 2)
    relay.deliver()
    old_offer = next(sent.message for sent in relay.seen if sent.sender == 2 and isinstance(sent.message, KeyOffer))
    before = len(relay.seen)
    ann.take(2, old_offer)
    relay.deliver()
    assert [sent for sent in relay.seen[before:] if isinstance(sent.message, MediaKey)]
    assert not new_bob.reads(ann, Lane.CONTROL), "the relay can cut people off, as always"
    ann.take(2, relay.people[2].encryption._exchange.offer)
    relay.deliver()
    await asyncio.sleep(0.1)
    relay.deliver()
    assert new_bob.reads(ann, Lane.CONTROL)


async def test_a_wrapped_key_opens_for_its_recipient_in_its_direction_and_generation_only() -> None:
    link_key = LINK.link_key("tea")
    ann, bob, eve = (KeyExchange(link_key, identity, seals_voice=True) for identity in (1, 2, 3))
    wrapped = ann.agree(2, bob.offer).wrap(5, bytes(16))
    assert bob.agree(1, ann.offer).unwrap(wrapped) == bytes(16)
    wrong = [
        (eve.agree(1, ann.offer), wrapped),
        (ann.agree(2, bob.offer), wrapped),
        (bob.agree(1, ann.offer), dataclasses.replace(wrapped, generation=6)),
        (bob.agree(1, ann.offer), dataclasses.replace(wrapped, wrapped=bytes(32))),
        (KeyExchange(link_key, 2, seals_voice=True).agree(1, ann.offer), wrapped),
    ]
    for pair, message in wrong:
        with pytest.raises(OpeningError) as caught:
            pair.unwrap(message)
        assert caught.value.reason is Drop.REFUSED_OFFER


@pytest.mark.parametrize("public", [bytes(65), b"\x04" + bytes(64), b"\x04" + b"\xff" * 64, b"\x02" * 65])
def test_points_that_are_none_are_refused_even_from_somebody_with_the_link(public: bytes) -> None:
    link_key = LINK.link_key("tea")
    ann = KeyExchange(link_key, 1, seals_voice=True)
    with pytest.raises(OpeningError) as caught:
        ann.agree(2, KeyOffer(public, True, _mac(link_key, 2, True, public)))
    assert caught.value.reason is Drop.REFUSED_OFFER


async def test_keys_from_people_without_an_offer_are_refused() -> None:
    relay = Relay()
    ann = Person(relay, 1)
    ann.take(9, MediaKey(1, bytes(32)))
    ann.take(9, KeyTaken(1))
    assert ann.dropped == {Drop.REFUSED_OFFER: 1}
    assert not relay.waiting or isinstance(relay.waiting[-1].message, KeyOffer)


async def test_somebody_who_left_cannot_read_what_follows_with_link_and_wire() -> None:
    relay = Relay()
    ann, bob, eve = (Person(relay, identity) for identity in (1, 2, 3))
    relay.deliver()
    assert eve.reads(ann)
    relay.leave(eve)
    for sent in relay.seen:
        if sent.sender != eve.id:
            eve.take(sent.sender, sent.message)
    for lane in Lane:
        packet = ann.encryption.seal(lane, b"hello")
        assert bob.opens(ann, lane, packet)
        assert not eve.opens(ann, lane, packet)


async def test_somebody_who_comes_later_cannot_read_what_went_before() -> None:
    relay = Relay()
    ann, bob = Person(relay, 1), Person(relay, 2)
    relay.deliver()
    packets = {lane: ann.encryption.seal(lane, b"hello") for lane in Lane}
    late = Person(relay, 3)
    relay.deliver()
    assert late.reads(ann)
    for lane, packet in packets.items():
        assert not late.opens(ann, lane, packet)
        assert bob.opens(ann, lane, packet), "what was on its way still opens"


async def test_voice_changes_over_when_the_key_is_taken_and_control_at_once() -> None:
    relay = Relay()
    ann, bob = Person(relay, 1), Person(relay, 2)
    relay.deliver()
    bob_took = ann.encryption.seal(Lane.VOICE, b"hello")[0] >> 5
    carol = Person(relay, 3)
    ann.take(3, relay.waiting.popleft().message)
    assert ann.encryption.seal(Lane.VOICE, b"hello")[0] >> 5 == bob_took
    assert ann.encryption.seal(Lane.CONTROL, b"hello")[0] >> 5 == bob_took + 1
    assert bob.reads(ann), "nothing is lost while keys change"
    relay.deliver()
    ann_offers = carol.encryption._members
    assert 1 in ann_offers
    assert ann.encryption.seal(Lane.VOICE, b"hello")[0] >> 5 == bob_took + 1
    assert bob.reads(ann)


async def test_who_takes_no_key_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_schedule, "LONGEST_HANDOVER_S", 0.05)
    relay = Relay()
    ann, bob = Person(relay, 1), Person(relay, 2)
    relay.deliver()
    relay.people.pop(2)
    for identity in (3, 4, 5, 6):
        Person(relay, identity)
    relay.deliver()
    generations = [
        sent.message.generation
        for sent in relay.seen
        if sent.sender == 1 and sent.recipient == 2 and isinstance(sent.message, MediaKey)
    ]
    assert generations == [1, 2], "comings while a key is handed over share the next one"
    await asyncio.sleep(0.2)
    relay.deliver()
    assert all(person.reads(ann) for person in relay.people.values() if person is not ann)
    assert bob.id in ann.encryption._members


async def test_keys_grow_old_by_the_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_schedule, "LIFETIME_S", 0.05)
    relay = Relay()
    ann, bob = Person(relay, 1), Person(relay, 2)
    relay.deliver()
    before = len(relay.seen)
    await asyncio.sleep(0.12)
    relay.deliver()
    assert [sent for sent in relay.seen[before:] if sent.sender == 1 and isinstance(sent.message, MediaKey)]
    assert bob.reads(ann)
    ann.encryption.close()
    bob.encryption.close()


async def test_voice_is_in_the_clear_while_somebody_cannot_seal_it() -> None:
    relay = Relay()
    ann, bob = Person(relay, 1), Person(relay, 2)
    relay.deliver()
    offer = KeyExchange(LINK.link_key("tea"), 3, seals_voice=False).offer
    for person in (ann, bob):
        person.take(3, offer)
    relay.deliver()
    assert str(ann.encryption.status()) == "end-to-end encrypted, but voice is not"
    assert ann.encryption.seal_voice(VOICE, speech=True) == VOICE
    assert bob.encryption.open_voice(1, VOICE) == VOICE
    with pytest.raises(OpeningError):
        bob.encryption.open_voice(9, VOICE)
    assert bob.reads(ann, Lane.MOTION)
    for person in (ann, bob):
        person.encryption.participant_went(3)
    relay.deliver()
    assert bob.encryption.open_voice(1, ann.encryption.seal_voice(VOICE, speech=True)) == VOICE
    with pytest.raises(OpeningError) as caught:
        bob.encryption.open_voice(1, VOICE)
    assert caught.value.reason is Drop.UNSEALED


async def test_renewals_end_with_the_stay() -> None:
    relay = Relay()
    people = [Person(relay, identity) for identity in (1, 2)]
    relay.deliver()
    Person(relay, 3)
    relay.people[1].take(3, relay.waiting[0].message)
    for person in people:
        person.encryption.close()


OFFER = {"type": "key-offer", "public": bytes(65), "seals_voice": True, "mac": bytes(16)}
KEY = {"type": "media-key", "generation": 7, "wrapped": bytes(32)}


def test_key_messages_are_told_from_others() -> None:
    assert parse_key_message(msgpack.packb({"type": "state", "muted": True})) is None
    assert parse_key_message(b"\x03\x20" + bytes(30)) is None
    assert parse_key_message(msgpack.packb(OFFER)) == KeyOffer(bytes(65), True, bytes(16))
    assert parse_key_message(msgpack.packb(KEY)) == MediaKey(7, bytes(32))
    assert parse_key_message(msgpack.packb({"type": "key-taken", "generation": 7})) == KeyTaken(7)


@pytest.mark.parametrize(
    "message",
    [
        OFFER | {"public": bytes(64)},
        OFFER | {"public": "x" * 65},
        OFFER | {"seals_voice": 1},
        OFFER | {"mac": bytes(17)},
        OFFER | {"more": 1},
        {name: value for name, value in OFFER.items() if name != "mac"},
        KEY | {"generation": -1},
        KEY | {"generation": 1 << 32},
        KEY | {"generation": True},
        KEY | {"wrapped": bytes(31)},
        {"type": "key-taken"},
        {"type": "no-key", "more": 1},
        ["key-offer"],
    ],
    ids=str,
)
def test_malformed_key_messages_are_refused(message: object) -> None:
    with pytest.raises(ProtocolError):
        parse_key_message(msgpack.packb(message))


def test_links_carry_the_secret() -> None:
    secret = LinkSecret.generate()
    link = f"http://localhost/room/tea#token=a.b.c&key={secret}"
    assert len(str(secret)) == 22
    assert str(LinkSecret.of_link(link)) == str(secret)
    assert LinkSecret.of_link("http://localhost/room/tea#token=x") is None
    assert LinkSecret.of_link("http://localhost/room/tea") is None
    for damaged in (
        "",
        "abc",
        f"{secret}A",
        str(secret)[:-1],
        str(secret)[:-1] + "B",
        str(secret)[:-1] + "=",
        "ä" * 22,
    ):
        with pytest.raises(CallError, match="damaged"):
            LinkSecret.of_link(f"http://localhost/room/tea#key={damaged}")
