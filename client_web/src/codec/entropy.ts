/**
 * Binary adaptive range coder: the arithmetic of LZMA's coder (Martin 1979; Pavlov's LZMA SDK).
 *
 * Probabilities are 12-bit integers, the probability that the next bit is 0. All values stay below 2^53, so that
 * JavaScript's numbers hold them exactly and every implementation produces the same bytes.
 */
import { WireError } from './errors';

export const PROBABILITY_BITS = 12;
const PROBABILITY_ONE = 1 << PROBABILITY_BITS;
const ADAPTATION_SHIFT = 4;
const TOP = 2 ** 24;
const MASK = 0xffffffff;
const ESCAPE_BITS = 11;

/** A mutable row of probabilities: the contexts of one syntax element. */
export type Contexts = Uint16Array;

function probabilityOf(contexts: Contexts, index: number): number {
  const probability = contexts[index];
  if (probability === undefined) throw new RangeError(`context ${index} of ${contexts.length}`);
  return probability;
}

/** Writes bits with given or adaptive probabilities; `finish` returns the shortest string that decodes. */
export class RangeEncoder {
  private low = 0;
  private range = MASK;
  private readonly bytes: number[] = [];

  /** Writes `bit` with the adaptive probability `contexts[index]`, which moves toward it. */
  bit(contexts: Contexts, index: number, bit: 0 | 1): void {
    const probability = probabilityOf(contexts, index);
    const bound = (this.range >>> PROBABILITY_BITS) * probability;
    if (bit) {
      this.low += bound;
      this.range -= bound;
      contexts[index] = probability - (probability >> ADAPTATION_SHIFT);
    } else {
      this.range = bound;
      contexts[index] = probability + ((PROBABILITY_ONE - probability) >> ADAPTATION_SHIFT);
    }
    this.normalise();
  }

  /** Writes the low `bits` bits of `value`, most significant first, each with probability one half. */
  equiprobable(value: number, bits: number): void {
    for (let shift = bits - 1; shift >= 0; shift--) {
      this.range >>>= 1;
      if ((value >> shift) & 1) this.low += this.range;
      this.normalise();
    }
  }

  /**
   * Returns the coded bytes; the encoder is spent.
   *
   * Of all strings that decode to the same bits (the decoder reads zeros past the end) it takes the one with the
   * most trailing zeros and cuts those.
   */
  finish(): Uint8Array<ArrayBuffer> {
    for (let kept = 1; kept < 5; kept++) {
      const unit = 2 ** (32 - 8 * kept);
      const value = Math.ceil(this.low / unit) * unit;
      if (value < this.low + this.range) {
        this.low = value;
        break;
      }
    }
    this.carry();
    for (let shift = 24; shift >= 0; shift -= 8) this.bytes.push((this.low >>> shift) & 0xff);
    let length = this.bytes.length;
    while (length > 0 && this.bytes[length - 1] === 0) length--;
    return Uint8Array.from(this.bytes.slice(0, length));
  }

  private normalise(): void {
    this.carry();
    while (this.range < TOP) {
      this.range *= 256;
      this.bytes.push(this.low >>> 24);
      this.low = (this.low * 256) % 2 ** 32;
    }
  }

  private carry(): void {
    if (this.low <= MASK) return;
    this.low -= 2 ** 32;
    let position = this.bytes.length - 1;
    while (this.bytes[position] === 0xff) this.bytes[position--] = 0;
    this.bytes[position] = (this.bytes[position] ?? 0) + 1;
  }
}

/** Reads what `RangeEncoder` wrote. Past the end of `data` it reads zeros. */
export class RangeDecoder {
  private position = 0;
  private range = MASK;
  private code = 0;

  constructor(private readonly data: Uint8Array) {
    for (let index = 0; index < 4; index++) this.code = this.code * 256 + this.nextByte();
  }

  /** Reads one bit with the adaptive probability `contexts[index]`, which moves toward it. */
  bit(contexts: Contexts, index: number): 0 | 1 {
    const probability = probabilityOf(contexts, index);
    const bound = (this.range >>> PROBABILITY_BITS) * probability;
    let bit: 0 | 1;
    if (this.code < bound) {
      this.range = bound;
      contexts[index] = probability + ((PROBABILITY_ONE - probability) >> ADAPTATION_SHIFT);
      bit = 0;
    } else {
      this.code -= bound;
      this.range -= bound;
      contexts[index] = probability - (probability >> ADAPTATION_SHIFT);
      bit = 1;
    }
    this.normalise();
    return bit;
  }

  /** Reads `bits` bits, most significant first, each of probability one half. */
  equiprobable(bits: number): number {
    let value = 0;
    for (let count = 0; count < bits; count++) {
      this.range >>>= 1;
      const bit = this.code >= this.range ? 1 : 0;
      this.code -= this.range * bit;
      value = (value << 1) | bit;
      this.normalise();
    }
    return value;
  }

  /** Throws `WireError` if the data is not what the encoder would have written: too long, or ending in a zero. */
  checkEnd(): void {
    if (this.data.at(-1) === 0) {
      throw new WireError('a range-coded string ends in a zero byte, which its encoder would have cut');
    }
    if (this.data.length > this.position) {
      throw new WireError(`${this.data.length - this.position} bytes too many behind a range-coded string`);
    }
  }

  private normalise(): void {
    while (this.range < TOP) {
      this.range *= 256;
      this.code = ((this.code * 256) % 2 ** 32) + this.nextByte();
    }
  }

  private nextByte(): number {
    return this.data[this.position++] ?? 0;
  }
}

/**
 * Writes `value` (0 … 2^bits − 1) most significant bit first, each bit in the context of those before it.
 *
 * `contexts` needs 2^bits entries; entry 0 is unused.
 */
export function encodeTree(encoder: RangeEncoder, contexts: Contexts, value: number, bits: number): void {
  let node = 1;
  for (let shift = bits - 1; shift >= 0; shift--) {
    const bit = (value >> shift) & 1 ? 1 : 0;
    encoder.bit(contexts, node, bit);
    node = (node << 1) | bit;
  }
}

/** Reads what `encodeTree` wrote. */
export function decodeTree(decoder: RangeDecoder, contexts: Contexts, bits: number): number {
  let node = 1;
  for (let count = 0; count < bits; count++) node = (node << 1) | decoder.bit(contexts, node);
  return node - (1 << bits);
}

/** Contexts of one residual: three for the zero flag, one for the sign, seven for the unary prefix. */
export const RESIDUAL_CONTEXTS = 11;
const SIGN = 3;
const PREFIX = 4;

/** Writes residuals (|r| < 4096), one row of `contexts` for each: zero flag, sign, adaptive Exp-Golomb magnitude. */
export function encodeResiduals(encoder: RangeEncoder, contexts: Contexts[], residuals: readonly number[]): void {
  let before = 0;
  let beforeThat = 0;
  contexts.forEach((row, index) => {
    const residual = residuals[index] ?? 0;
    const magnitude = Math.abs(residual);
    const lowBits = 31 - Math.clz32(magnitude);
    if (lowBits > ESCAPE_BITS) throw new WireError(`residual ${residual} is outside ±4095`);
    encoder.bit(row, before + beforeThat, residual === 0 ? 1 : 0);
    beforeThat = before;
    before = residual === 0 ? 0 : 1;
    if (residual === 0) return;
    encoder.bit(row, SIGN, residual < 0 ? 1 : 0);
    for (let position = 0; position < lowBits; position++) encoder.bit(row, PREFIX + Math.min(position, 6), 1);
    if (lowBits < ESCAPE_BITS) encoder.bit(row, PREFIX + Math.min(lowBits, 6), 0);
    encoder.equiprobable(magnitude - (1 << lowBits), lowBits);
  });
}

/** Reads one residual for each row of `contexts`. */
export function decodeResiduals(decoder: RangeDecoder, contexts: Contexts[]): number[] {
  let before = 0;
  let beforeThat = 0;
  return contexts.map((row) => {
    const zero = decoder.bit(row, before + beforeThat);
    beforeThat = before;
    before = 1 - zero;
    if (zero) return 0;
    const negative = decoder.bit(row, SIGN);
    let lowBits = 0;
    while (lowBits < ESCAPE_BITS && decoder.bit(row, PREFIX + Math.min(lowBits, 6))) lowBits++;
    const magnitude = (1 << lowBits) + decoder.equiprobable(lowBits);
    return negative ? -magnitude : magnitude;
  });
}
