import type { DropCounters } from '../encryption/opening_error';
import type { VoiceKeyMessage } from '../encryption/voice_cipher';
import type { RedundancyDepth } from './redundancy';
import type { VoiceArrival } from './transport';

/** What an encoded transform does: puts bundles behind our voice, or takes them from the voice of one slot. */
export type TransformOptions = { role: 'send' } | { role: 'receive'; slot: number };

/** From the connection to the transforms' worker. */
export type ToTransforms =
  | VoiceKeyMessage
  | { type: 'bundle'; bundle: Uint8Array<ArrayBuffer> }
  /** From now on voices and bundles are sent again so many times. */
  | { type: 'redundancy'; depth: RedundancyDepth }
  /** Whether voice packets are handed out besides being sent and played. */
  | { type: 'tap'; isOpen: boolean };

/** From the transforms' worker to the connection. */
export type FromTransforms =
  /** Some bundles have left in a voice packet. */
  | { type: 'sent'; bundles: number; bytes: number; hasSound: boolean }
  /** No voice packet took this bundle: it must go another way. */
  | { type: 'returned'; bundle: Uint8Array<ArrayBuffer> }
  /** A voice packet has come, with these bundles behind it. */
  | { type: 'received'; slot: number; arrival: VoiceArrival; bundles: Uint8Array[]; hasSound: boolean }
  /** From an open tap: an Opus packet of a slot, or of our own (`null`), in the clear, with its RTP timestamp (48 kHz). */
  | { type: 'tapped'; slot: number | null; timestamp: number; packet: Uint8Array }
  /** A voice packet was not played because it could not be opened; how many so far, by reason. */
  | { type: 'dropped'; counters: DropCounters }
  /** A voice packet was malformed; it was played as it was. */
  | { type: 'rejected'; message: string };
