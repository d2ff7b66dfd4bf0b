"""Vectors of the encryption: whole exchanges between two people with keys that are given, and packets under them."""

import hashlib
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, derive_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from server.encryption.key_exchange import KeyExchange
from server.encryption.link_secret import LinkSecret
from server.encryption.media_key import SealingKey
from server.encryption.sealed_header import Lane


def _bytes(label: str, length: int) -> bytes:
    return hashlib.shake_128(label.encode()).digest(length)


def _private(label: str) -> EllipticCurvePrivateKey:
    return derive_private_key(int.from_bytes(_bytes(label, 31)), SECP256R1())


def _packets(key: SealingKey) -> list[dict[str, Any]]:
    """Return packets of all lanes; before some of them so many others are sealed that their counters grow long."""
    packets: list[dict[str, Any]] = []
    for lane, skipped in (
        (Lane.VOICE, 0),
        (Lane.MOTION, 0),
        (Lane.KEYFRAME, 0),
        (Lane.CONTROL, 0),
        (Lane.VOICE, 600),
        (Lane.MOTION, 66),
        (Lane.KEYFRAME, 1100),
        (Lane.VOICE, 0),
    ):
        for _ in range(skipped):
            key.seal(lane, b"")
        for length, speech in ((0, False), (1, True), (60, len(packets) % 3 == 0)):
            plain = _bytes(f"plain {len(packets)}", length)
            sealed = key.seal(lane, plain, speech=speech)
            packets.append(
                {
                    "lane": lane.name.lower(),
                    "skipped": skipped,
                    "speech": speech,
                    "plain": plain.hex(),
                    "sealed": sealed.hex(),
                }
            )
            skipped = 0
    return packets


def encryption_vectors() -> list[dict[str, Any]]:
    """Two people exchange keys; the first one's media key is wrapped for the second and seals packets."""
    vectors = []
    for room, (one, two), seals_voice, generation in (
        ("tea", (1, 2), True, 1),
        ("Ta_vo-kemi", (255, 7), False, 4_000_000_003),
    ):
        secret = LinkSecret(_bytes(f"secret {room}", 16))
        people = [
            (identity, private, KeyExchange(secret.link_key(room), identity, seals_voice=seals_voice, private=private))
            for identity, private in ((one, _private(f"one {room}")), (two, _private(f"two {room}")))
        ]
        media_key = SealingKey(generation, _bytes(f"media key {room}", 16))
        wrapped = people[0][2].agree(two, people[1][2].offer).wrap(generation, media_key.secret)
        vectors.append(
            {
                "room": room,
                "link": f"https://calls.example/room/{room}#token=x&key={secret}",
                "link_key": secret.link_key(room).hex(),
                "seals_voice": seals_voice,
                "people": [
                    {
                        "id": identity,
                        "private": private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()).hex(),
                        "public": exchange.offer.public.hex(),
                        "mac": exchange.offer.mac.hex(),
                    }
                    for identity, private, exchange in people
                ],
                "generation": generation,
                "media_key": media_key.secret.hex(),
                "wrapped": wrapped.wrapped.hex(),
                "packets": _packets(media_key),
            }
        )
    return vectors
