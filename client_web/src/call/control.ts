/** Control messages between participants and the relay's envelope (docs/protocol.md, docs/wire-format.md). */
import { decode, encode } from '@msgpack/msgpack';
import { CallError } from './errors';
import type { KeyframeAbility, ParticipantState } from './events';

/** Recipient of an enveloped message that is meant for everybody. */
export const EVERYBODY = 0;

/** A control message may have this many bytes, envelope included. */
export const MAX_CONTROL_BYTES = 4_096;

export type ControlMessage =
  | ({ type: 'state'; keyframes: KeyframeAbility } & ParticipantState)
  | { type: 'keyframe-request'; number: number }
  /** Bundles behind the recipient's voice reach the one who says so, or no longer do. */
  | { type: 'trailers'; read: boolean };

/** Puts the recipient's id (0–255; 0 = everybody) in front of `payload`, as the relay wants it. */
export function seal(recipient: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(1 + payload.length);
  message[0] = recipient;
  message.set(payload, 1);
  return message;
}

/**
 * Takes the sender's id (1–255) off a message that came from the relay.
 * @throws {CallError} `bad-server-message` if it is empty or the id is 0.
 */
export function open(message: Uint8Array): { from: number; payload: Uint8Array } {
  const from = message[0];
  if (from === undefined || from === 0) {
    throw new CallError('bad-server-message', `The relay sent ${message.length} bytes without a sender's id; dropped.`);
  }
  return { from, payload: message.subarray(1) };
}

export function serialiseControl(message: ControlMessage): Uint8Array {
  if (message.type !== 'state' || message.keyframes === 'intra') return encode(message);
  // Whoever can decode everything says nothing of it.
  const { keyframes: _, ...fields } = message;
  return encode(fields);
}

/**
 * Parses another participant's control message.
 * @throws {CallError} `bad-control` if it is not one of {@link ControlMessage}.
 */
export function parseControl(payload: Uint8Array): ControlMessage {
  if (payload.length >= MAX_CONTROL_BYTES) {
    throw refuse(`of ${payload.length} bytes (at most ${MAX_CONTROL_BYTES - 1})`);
  }
  let value: unknown;
  try {
    value = decode(payload, { maxExtLength: 0, maxArrayLength: 8, maxMapLength: 8 });
  } catch (cause) {
    throw refuse(`that is not msgpack (${String(cause)})`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse('that is not a map');
  const fields = value as Record<string, unknown>;
  switch (fields['type']) {
    case 'state': {
      const { muted, camera } = fields;
      if (typeof muted !== 'boolean') throw refuse(`with muted = ${String(muted).slice(0, 40)}`);
      if (camera !== 'on' && camera !== 'off') throw refuse(`with camera = ${String(camera).slice(0, 40)}`);
      const { keyframes = 'all' } = fields;
      if (keyframes !== 'all' && keyframes !== 'intra') throw refuse(`with keyframes = ${String(keyframes).slice(0, 40)}`);
      return { type: 'state', muted, camera, keyframes };
    }
    case 'keyframe-request': {
      const { number } = fields;
      if (typeof number !== 'number' || !Number.isInteger(number) || number < 0 || number > 255) {
        throw refuse(`with number = ${String(number).slice(0, 40)}`);
      }
      return { type: 'keyframe-request', number };
    }
    case 'trailers': {
      const { read } = fields;
      if (typeof read !== 'boolean') throw refuse(`with read = ${String(read).slice(0, 40)}`);
      return { type: 'trailers', read };
    }
    default:
      throw refuse(`of unknown type ${String(fields['type']).slice(0, 40)}`);
  }
}

function refuse(what: string): CallError {
  return new CallError('bad-control', `A participant sent a control message ${what}; dropped.`);
}
