/** The header of a sealed packet (docs/encryption.md, "Sealed packets"). Mirrors `server/encryption/sealed_header.py`. */
import { OpeningError } from './opening_error';
import type { Bytes } from './primitives';

/** What is sealed, each with counters of its own. */
export type Lane = 'voice' | 'motion' | 'keyframe' | 'control';

/** The lanes as nonces have them. */
export const LANE_NUMBERS: Readonly<Record<Lane, number>> = { voice: 1, motion: 2, keyframe: 3, control: 4 };

export const KEY_IDS = 4;

const FIXED = 0x0320;
const FIXED_MASK = 0x8320;
const KEY_SHIFT = 13;
const SPEECH = 1 << 12;
const SHORT_BITS = 9;
const MORE_BITS = 16;

/** What stands in the clear before the ciphertext. */
export interface SealedHeader {
  /** The key's generation modulo 4. */
  keyId: number;
  /** Somebody speaks; for the relay. */
  speech: boolean;
  /** The low bits of the packet's counter, as many as the lane sends. */
  lowCounter: number;
}

/** How many low bits of the counter travel: more where messages for others leave gaps. */
export function counterBits(lane: Lane): number {
  return SHORT_BITS + (lane === 'keyframe' || lane === 'control' ? MORE_BITS : 0);
}

export function headerBytes(lane: Lane): number {
  return counterBits(lane) === SHORT_BITS ? 2 : 4;
}

/** Tells sealed bytes from Opus packets and msgpack maps, neither of which begin so. */
export function isSealed(packet: Uint8Array): boolean {
  return packet.length >= 2 && (word(packet, 0) & FIXED_MASK) === FIXED;
}

/** A bundle's voice flag (docs/wire-format.md, "Bundle"), which its header repeats for the relay. */
export function speechIn(bundle: Uint8Array): boolean {
  return ((bundle[0] ?? 0) & 1) === 1;
}

/** @throws {OpeningError} `unsealed` if the packet has no header. */
export function parseHeader(lane: Lane, packet: Uint8Array): SealedHeader {
  if (!isSealed(packet) || packet.length < headerBytes(lane)) {
    throw new OpeningError('unsealed', `${packet.length} bytes in the clear where only sealed ones are taken`);
  }
  const first = word(packet, 0);
  const low = ((first >> 3) & 0x180) | ((first >> 1) & 0x60) | (first & 0x1f);
  const more = headerBytes(lane) === 4 ? word(packet, 2) : 0;
  return {
    keyId: (first >> KEY_SHIFT) & (KEY_IDS - 1),
    speech: (first & SPEECH) !== 0,
    lowCounter: (more << SHORT_BITS) | low,
  };
}

export function writeHeader(lane: Lane, { keyId, speech, lowCounter }: SealedHeader): Bytes {
  const spread = ((lowCounter & 0x180) << 3) | ((lowCounter & 0x60) << 1) | (lowCounter & 0x1f);
  const first = (keyId << KEY_SHIFT) | (speech ? SPEECH : 0) | spread | FIXED;
  const more = lowCounter >> SHORT_BITS;
  const bytes = Uint8Array.of(first >> 8, first & 255, more >> 8, more & 255);
  return bytes.slice(0, headerBytes(lane));
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
