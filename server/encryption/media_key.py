"""A media key: seals packets at its owner, opens them at everybody else (docs/encryption.md, "Sealed packets")."""

import secrets
from collections import Counter, defaultdict

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM

from server.encryption.errors import Drop, OpeningError, SealingError
from server.encryption.replay_window import ReplayWindow
from server.encryption.sealed_header import KEY_IDS, Lane, SealedHeader

KEY_BYTES = 16
TAG_BYTES = 8
MOST_PACKETS = 1 << 24
"""No lane seals more under one key; keys are renewed long before."""

_KEYS_KEPT = 3


class SealingKey:
    """One's own media key of one generation."""

    def __init__(self, generation: int, secret: bytes | None = None) -> None:
        """Take 16 bytes, or draw them."""
        self.generation = generation
        self.secret = secrets.token_bytes(KEY_BYTES) if secret is None else secret
        self._sealed: Counter[Lane] = Counter()

    def seal(self, lane: Lane, plain: bytes, *, speech: bool = False) -> bytes:
        """Return the sealed packet. Raises `SealingError` after 2²⁴ of a lane."""
        counter = self._sealed[lane]
        if counter >= MOST_PACKETS:
            raise SealingError(f"{counter} packets are sealed under generation {self.generation}: renew the key")
        self._sealed[lane] += 1
        low_counter = counter & (1 << lane.counter_bits) - 1
        header = SealedHeader(self.generation % KEY_IDS, speech, low_counter).to_bytes(lane)
        encryptor = Cipher(AES(self.secret), GCM(_nonce(lane, counter))).encryptor()
        encryptor.authenticate_additional_data(header)
        return header + encryptor.update(plain) + encryptor.finalize() + encryptor.tag[:TAG_BYTES]


class OpeningKey:
    """Somebody else's media key of one generation, and what has come under it."""

    def __init__(self, generation: int, secret: bytes) -> None:
        self.generation = generation
        self._secret = secret
        self._windows: defaultdict[Lane, ReplayWindow] = defaultdict(ReplayWindow)

    def open(self, lane: Lane, header: SealedHeader, packet: bytes) -> bytes:
        """Return the plain bytes of a packet. Raises `OpeningError`."""
        window = self._windows[lane]
        counter = window.complete(header.low_counter, lane.counter_bits)
        if not window.is_new(counter):
            raise OpeningError(Drop.REPLAYED, f"packet {counter} has come before, or is too old")
        body = packet[lane.header_bytes :]
        if len(body) < TAG_BYTES:
            raise OpeningError(Drop.FORGED, f"a sealed packet of {len(packet)} bytes is too short for its tag")
        mode = GCM(_nonce(lane, counter), body[-TAG_BYTES:], min_tag_length=TAG_BYTES)
        decryptor = Cipher(AES(self._secret), mode).decryptor()
        decryptor.authenticate_additional_data(packet[: lane.header_bytes])
        try:
            plain = decryptor.update(body[:-TAG_BYTES]) + decryptor.finalize()
        except InvalidTag as error:
            raise OpeningError(Drop.FORGED, f"packet {counter} is forged, or of another key") from error
        window.accept(counter)
        return plain


class OpeningKeys:
    """The newest keys of one sender."""

    def __init__(self) -> None:
        self._keys: list[OpeningKey] = []

    def add(self, generation: int, secret: bytes) -> bool:
        """Take a key; False if it is not newer than those here."""
        if self._keys and generation <= self._keys[-1].generation:
            return False
        self._keys = [*self._keys[1 - _KEYS_KEPT :], OpeningKey(generation, secret)]
        return True

    def open(self, lane: Lane, packet: bytes) -> bytes:
        """Return the plain bytes of a packet of this sender. Raises `OpeningError`."""
        header = SealedHeader.parse(lane, packet)
        for key in reversed(self._keys):
            if key.generation % KEY_IDS == header.key_id:
                return key.open(lane, header, packet)
        raise OpeningError(Drop.UNKNOWN_KEY, f"a packet under key {header.key_id} (modulo {KEY_IDS}), not here")


def _nonce(lane: Lane, counter: int) -> bytes:
    return bytes((lane, 0, 0, 0)) + counter.to_bytes(8)
