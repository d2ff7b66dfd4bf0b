"""The stored vectors are what this implementation writes, and it opens what they hold."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key

from server.encryption.key_exchange import KeyExchange
from server.encryption.key_messages import KeyOffer, MediaKey
from server.encryption.link_secret import LinkSecret
from server.encryption.media_key import OpeningKeys
from server.encryption.sealed_header import Lane, SealedHeader
from tests.vectors.make import FOLDER, render

VECTORS: list[dict[str, Any]] = json.loads((FOLDER / "encryption.json").read_text())


def test_stored_vectors_are_what_is_written_now() -> None:
    assert (FOLDER / "encryption.json").read_text() == render("encryption"), "if the format changed: make vectors"


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["room"])
def test_the_second_person_opens_what_the_first_sealed(vector: dict[str, Any]) -> None:
    secret = LinkSecret.of_link(vector["link"])
    assert secret is not None
    link_key = secret.link_key(vector["room"])
    assert link_key.hex() == vector["link_key"]
    one, two = vector["people"]
    private = load_der_private_key(bytes.fromhex(two["private"]), None)
    assert isinstance(private, EllipticCurvePrivateKey)
    exchange = KeyExchange(link_key, two["id"], seals_voice=vector["seals_voice"], private=private)
    assert (exchange.offer.public.hex(), exchange.offer.mac.hex()) == (two["public"], two["mac"])
    offer = KeyOffer(bytes.fromhex(one["public"]), vector["seals_voice"], bytes.fromhex(one["mac"]))
    message = MediaKey(vector["generation"], bytes.fromhex(vector["wrapped"]))
    media_key = exchange.agree(one["id"], offer).unwrap(message)
    assert media_key.hex() == vector["media_key"]
    keys = OpeningKeys()
    keys.add(vector["generation"], media_key)
    for packet in vector["packets"]:
        lane, sealed = Lane[packet["lane"].upper()], bytes.fromhex(packet["sealed"])
        skip_to(keys, lane, packet["skipped"])
        assert SealedHeader.parse(lane, sealed).speech == packet["speech"]
        assert keys.open(lane, sealed).hex() == packet["plain"]


def skip_to(keys: OpeningKeys, lane: Lane, skipped: int) -> None:
    """Lose so many packets of a lane; more than 448 in a row would not be followed, so some of them arrive."""
    [key] = keys._keys
    window = key._windows[lane]
    while skipped > 0:
        step = min(skipped, 400)
        window.accept(window._newest + step)
        skipped -= step
