"""Makes the keyframes of one sender: chains of pictures, each with its number, and what newcomers need of them."""

from math import log2

from codec.intra_picture import Picture, PictureCodec
from codec.keyframe_chains import KeyframeChains
from codec.keyframes import NUMBERS, Keyframe, ticks
from codec.picture_stream import PictureStreamEncoder
from codec.settings import EncoderSettings

#: The size of an intra picture halves with so many steps of quality more or less.
_CRF_PER_HALVING = 9.0
_WORST_CRF = 63
#: Numbers come again after 256.
_LONGEST_CHAIN = 100
#: Where the coarsest quality makes too large a first picture, all of the chain has this one, and the first picture an
#: offset from it, in AV1's 256 steps of quantiser, of which so many halve its size.
_FLAT_CRF, _FINEST_OFFSET, _COARSEST_OFFSET, _OFFSET_PER_HALVING = 58, -48, 63, 27.0


class KeyframeMaker:
    """Codes pictures as consecutive keyframes."""

    def __init__(self, settings: EncoderSettings) -> None:
        self.predicts = True  #: whether pictures may be predicted from those before
        self.number = 0  #: of the next keyframe
        self._settings = settings
        self._stream: PictureStreamEncoder | None = None
        self._chains = KeyframeChains()
        self.wants_intra = False  #: whether the next picture should come at once, as the first of a new chain

    @property
    def chain_is_long(self) -> bool:
        """Whether a new chain should begin, for those who begin in its middle."""
        chains = self._chains
        return chains.newest_bytes() > self._settings.chain_bytes or chains.newest_length() >= _LONGEST_CHAIN

    def begin_chain(self) -> None:
        """Let the next keyframe begin a new chain."""
        self._stream = None

    def make(
        self, picture: Picture, shape: tuple[int, ...] | None, motion: tuple[int, ...] | None, time_ms: float
    ) -> bytes:
        """Return the next keyframe. Raises `PictureError` if it cannot be coded."""
        begins = self._stream is None or self.wants_intra or not self.predicts
        if self._stream is None or begins:
            self._stream, coded = self._begin(picture)
        else:
            coded = self._stream.encode(picture)
        keyframe = Keyframe(self.number, ticks(time_ms), self._settings.picture_side, shape, motion, *coded)
        data = bytes(keyframe)
        self._chains.add(data)
        if begins:
            self.wants_intra = False
        self.number = (self.number + 1) % NUMBERS
        return data

    def in_use(self) -> list[bytes]:
        """Return what somebody needs who has no keyframe, in order. Safe to call from another thread.

        Nothing is returned if that has grown long: the next picture then begins a new chain.
        """
        return self._unless_long(self._chains.newest(self._settings.greeting_keyframes))

    def since(self, number: int) -> list[bytes]:
        """Return the chain of the keyframe of this number and all after it, with the same exception."""
        return self._unless_long(self._chains.since(number))

    def _unless_long(self, keyframes: list[bytes]) -> list[bytes]:
        if sum(map(len, keyframes)) <= self._settings.greeting_bytes:
            return keyframes
        self.wants_intra = True
        return []

    def _begin(self, picture: Picture) -> tuple[PictureStreamEncoder, tuple[PictureCodec, bytes]]:
        """Begin a stream; if its first picture is too large, at a quality at which it is not."""
        side, crf, largest = (
            self._settings.picture_side,
            self._settings.keyframe_crf,
            self._settings.largest_intra_bytes,
        )
        offset: int | None = None
        while True:
            stream = PictureStreamEncoder(side, crf, offset)
            coded = stream.encode(picture)
            if len(coded[1]) <= largest or offset == _COARSEST_OFFSET:
                return stream, coded
            halvings = log2(len(coded[1]) / largest)
            if offset is not None:
                offset = min(offset + max(1, round(_OFFSET_PER_HALVING * halvings)), _COARSEST_OFFSET)
            elif crf < _WORST_CRF:
                crf = min(crf + max(1, round(_CRF_PER_HALVING * halvings)), _WORST_CRF)
            else:
                crf, offset = _FLAT_CRF, _FINEST_OFFSET
