"""How media keys are handed over: ECDH, authenticated by the link's secret (docs/encryption.md, "Key exchange")."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.encryption.errors import Drop, OpeningError
from server.encryption.key_messages import MAC_BYTES, KeyOffer, MediaKey
from server.encryption.media_key import KEY_BYTES


class KeyExchange:
    """One participant's end, for one stay in a room."""

    def __init__(
        self, link_key: bytes, own_id: int, *, seals_voice: bool, private: EllipticCurvePrivateKey | None = None
    ) -> None:
        """Draw a key pair, unless it is given; `link_key` is that of the room, 32 bytes."""
        self._link_key = link_key
        self._own_id = own_id
        self._private = private or generate_private_key(SECP256R1())
        self._public = self._private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        mac = _mac(link_key, own_id, seals_voice, self._public)
        self.offer = KeyOffer(self._public, seals_voice, mac)  #: for everybody

    def agree(self, peer_id: int, offer: KeyOffer) -> "PairKeys":
        """Return the keys between this end and the one who made an offer.

        Raises `OpeningError` if nobody with the link's key made it, or made it under this id.
        """
        if not bytes_eq(_mac(self._link_key, peer_id, offer.seals_voice, offer.public), offer.mac):
            raise OpeningError(Drop.REFUSED_OFFER, f"the key offer of participant {peer_id}: made with another link")
        try:
            public = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), offer.public)
        except ValueError as error:
            raise OpeningError(Drop.REFUSED_OFFER, f"the key offer of participant {peer_id}: {error}") from error
        shared = self._private.exchange(ECDH(), public)
        out = bytes((self._own_id, peer_id)) + self._public + offer.public
        back = bytes((peer_id, self._own_id)) + offer.public + self._public
        return PairKeys(self._wrapping_key(shared, out), self._wrapping_key(shared, back))

    def _wrapping_key(self, shared: bytes, parties: bytes) -> bytes:
        info = b"facewire 1 wrap" + parties
        return HKDF(SHA256(), length=KEY_BYTES, salt=self._link_key, info=info).derive(shared)


class PairKeys:
    """Wraps media keys for one other participant, and unwraps theirs."""

    def __init__(self, out: bytes, back: bytes) -> None:
        self._out = AESGCM(out)
        self._back = AESGCM(back)

    def wrap(self, generation: int, secret: bytes) -> MediaKey:
        """Return the message that hands a media key over. Each generation is wrapped with one secret only."""
        return MediaKey(generation, self._out.encrypt(generation.to_bytes(12), secret, None))

    def unwrap(self, message: MediaKey) -> bytes:
        """Return the 16 bytes of a media key. Raises `OpeningError` if it is not meant for this end."""
        try:
            return self._back.decrypt(message.generation.to_bytes(12), message.wrapped, None)
        except InvalidTag as error:
            reason = f"the wrapped key of generation {message.generation} opens with no key of this exchange"
            raise OpeningError(Drop.REFUSED_OFFER, reason) from error


def _mac(link_key: bytes, sender: int, seals_voice: bool, public: bytes) -> bytes:
    mac = HMAC(link_key, SHA256())
    mac.update(b"facewire 1 offer" + bytes((sender, seals_voice)) + public)
    return mac.finalize()[:MAC_BYTES]
