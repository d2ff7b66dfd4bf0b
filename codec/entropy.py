"""Binary adaptive range coder: the arithmetic of LZMA's coder (Martin 1979; Pavlov's LZMA SDK).

Probabilities are 12-bit integers, the probability that the next bit is 0. Nothing here is floating point, so every
implementation produces the same bytes.
"""

from codec.errors import WireError

PROBABILITY_BITS = 12
PROBABILITY_HALF = 1 << (PROBABILITY_BITS - 1)
ADAPTATION_SHIFT = 4
_TOP = 1 << 24
_MASK = 0xFFFFFFFF
_ESCAPE_BITS = 11

#: A mutable row of probabilities: the contexts of one syntax element.
Contexts = list[int]


class RangeEncoder:
    """Writes bits with given or adaptive probabilities; `finish` returns the shortest string that decodes."""

    def __init__(self) -> None:
        self._low = 0
        self._range = _MASK
        self._bytes = bytearray()

    def bit(self, contexts: Contexts, index: int, bit: int) -> None:
        """Write `bit` (0 or 1) with the adaptive probability `contexts[index]`, which moves toward it."""
        probability = contexts[index]
        bound = (self._range >> PROBABILITY_BITS) * probability
        if bit:
            self._low += bound
            self._range -= bound
            contexts[index] = probability - (probability >> ADAPTATION_SHIFT)
        else:
            self._range = bound
            contexts[index] = probability + (((1 << PROBABILITY_BITS) - probability) >> ADAPTATION_SHIFT)
        self._normalise()

    def equiprobable(self, value: int, bits: int) -> None:
        """Write the low `bits` bits of `value`, most significant first, each with probability one half."""
        for shift in range(bits - 1, -1, -1):
            self._range >>= 1
            if (value >> shift) & 1:
                self._low += self._range
            self._normalise()

    def finish(self) -> bytes:
        """Return the coded bytes; the encoder is spent.

        Of all strings that decode to the same bits (the decoder reads zeros past the end) it takes the one with the
        most trailing zeros and cuts those.
        """
        for kept in range(1, 5):
            unit = 1 << (32 - 8 * kept)
            value = (self._low + unit - 1) // unit * unit
            if value < self._low + self._range:
                self._low = value
                break
        self._carry()
        self._bytes += (self._low & _MASK).to_bytes(4, "big")
        return bytes(self._bytes.rstrip(b"\0"))

    def _normalise(self) -> None:
        self._carry()
        while self._range < _TOP:
            self._range = (self._range << 8) & _MASK
            self._bytes.append(self._low >> 24)
            self._low = (self._low << 8) & _MASK

    def _carry(self) -> None:
        if self._low > _MASK:
            self._low &= _MASK
            position = len(self._bytes) - 1
            while self._bytes[position] == 0xFF:
                self._bytes[position] = 0
                position -= 1
            self._bytes[position] += 1


class RangeDecoder:
    """Reads what `RangeEncoder` wrote. Past the end of `data` it reads zeros."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 4
        self._range = _MASK
        self._code = int.from_bytes(data[:4].ljust(4, b"\0"), "big")

    def bit(self, contexts: Contexts, index: int) -> int:
        """Read one bit with the adaptive probability `contexts[index]`, which moves toward it."""
        probability = contexts[index]
        bound = (self._range >> PROBABILITY_BITS) * probability
        if self._code < bound:
            self._range = bound
            contexts[index] = probability + (((1 << PROBABILITY_BITS) - probability) >> ADAPTATION_SHIFT)
            bit = 0
        else:
            self._code -= bound
            self._range -= bound
            contexts[index] = probability - (probability >> ADAPTATION_SHIFT)
            bit = 1
        self._normalise()
        return bit

    def equiprobable(self, bits: int) -> int:
        """Read `bits` bits, most significant first, each of probability one half."""
        value = 0
        for _ in range(bits):
            self._range >>= 1
            bit = 1 if self._code >= self._range else 0
            self._code -= self._range * bit
            value = value << 1 | bit
            self._normalise()
        return value

    def check_end(self) -> None:
        """Raise `WireError` if `data` is not what the encoder would have written: too long, or ending in a zero."""
        if self._data.endswith(b"\0"):
            raise WireError("a range-coded string ends in a zero byte, which its encoder would have cut")
        if len(self._data) > self._position:
            raise WireError(f"{len(self._data) - self._position} bytes too many behind a range-coded string")

    def _normalise(self) -> None:
        while self._range < _TOP:
            self._range = (self._range << 8) & _MASK
            following = self._data[self._position] if self._position < len(self._data) else 0
            self._code = (self._code << 8 | following) & _MASK
            self._position += 1


def encode_tree(encoder: RangeEncoder, contexts: Contexts, value: int, bits: int) -> None:
    """Write `value` (0 … 2^bits − 1) most significant bit first, each bit in the context of those before it.

    `contexts` needs 2^bits entries; entry 0 is unused.
    """
    node = 1
    for shift in range(bits - 1, -1, -1):
        bit = (value >> shift) & 1
        encoder.bit(contexts, node, bit)
        node = node << 1 | bit


def decode_tree(decoder: RangeDecoder, contexts: Contexts, bits: int) -> int:
    """Read what `encode_tree` wrote."""
    node = 1
    for _ in range(bits):
        node = node << 1 | decoder.bit(contexts, node)
    return node - (1 << bits)


#: Contexts of one residual: three for the zero flag, one for the sign, seven for the unary prefix.
RESIDUAL_CONTEXTS = 11
_SIGN = 3
_PREFIX = 4


def encode_residuals(encoder: RangeEncoder, contexts: list[Contexts], residuals: list[int]) -> None:
    """Write residuals (|r| < 4096), one row of `contexts` for each: zero flag, sign, adaptive Exp-Golomb magnitude."""
    before, before_that = 0, 0
    for row, residual in zip(contexts, residuals, strict=True):
        encoder.bit(row, before + before_that, 1 if residual == 0 else 0)
        before_that, before = before, 0 if residual == 0 else 1
        if residual == 0:
            continue
        encoder.bit(row, _SIGN, 1 if residual < 0 else 0)
        magnitude = abs(residual)
        low_bits = magnitude.bit_length() - 1
        if low_bits > _ESCAPE_BITS:
            raise WireError(f"residual {residual} is outside ±4095")
        for position in range(low_bits):
            encoder.bit(row, _PREFIX + min(position, 6), 1)
        if low_bits < _ESCAPE_BITS:
            encoder.bit(row, _PREFIX + min(low_bits, 6), 0)
        encoder.equiprobable(magnitude - (1 << low_bits), low_bits)


def decode_residuals(decoder: RangeDecoder, contexts: list[Contexts]) -> list[int]:
    """Read one residual for each row of `contexts`."""
    residuals: list[int] = []
    before, before_that = 0, 0
    for row in contexts:
        zero = decoder.bit(row, before + before_that)
        before_that, before = before, 1 - zero
        if zero:
            residuals.append(0)
            continue
        negative = decoder.bit(row, _SIGN)
        low_bits = 0
        while low_bits < _ESCAPE_BITS and decoder.bit(row, _PREFIX + min(low_bits, 6)):
            low_bits += 1
        magnitude = (1 << low_bits) + decoder.equiprobable(low_bits)
        residuals.append(-magnitude if negative else magnitude)
    return residuals
