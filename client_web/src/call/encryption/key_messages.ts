/** The control messages of the key exchange, which travel in the clear (docs/encryption.md, "Key exchange"). */
import { decode, encode } from '@msgpack/msgpack';
import { CallError } from '../errors';
import type { Bytes } from './primitives';
import { isSealed } from './sealed_header';

export const PUBLIC_BYTES = 65;
export const MAC_BYTES = 16;
export const WRAPPED_BYTES = 32;
const MAX_GENERATION = 2 ** 32 - 1;

/** The public half of a participant's exchange key, with the proof that its owner has the link's key. */
export interface KeyOffer {
  type: 'key-offer';
  /** An uncompressed P-256 point. */
  public: Bytes;
  sealsVoice: boolean;
  mac: Bytes;
}

/** A media key, wrapped for one recipient. */
export interface MediaKey {
  type: 'media-key';
  /** 0–2³² − 1, growing. */
  generation: number;
  wrapped: Bytes;
}

export type KeyMessage =
  | KeyOffer
  | MediaKey
  /** The recipient has the media key of this generation. */
  | { type: 'key-taken'; generation: number }
  /** The answer to an offer of somebody whose link has no key. */
  | { type: 'no-key' };

export function serialiseKeyMessage(message: KeyMessage): Bytes {
  if (message.type !== 'key-offer') return new Uint8Array(encode(message));
  const { sealsVoice, ...fields } = message;
  return new Uint8Array(encode({ ...fields, seals_voice: sealsVoice }));
}

/**
 * Parses a control message of the key exchange; `null` if it is another, sealed, or none.
 * @throws {CallError} `bad-control` if it is malformed.
 */
export function parseKeyMessage(packet: Uint8Array): KeyMessage | null {
  if (isSealed(packet)) return null;
  const fields = mapOf(packet);
  const reader = new Fields(fields);
  let message: KeyMessage;
  switch (fields['type']) {
    case 'key-offer':
      message = {
        type: 'key-offer',
        public: reader.bytes('public', PUBLIC_BYTES),
        sealsVoice: reader.flag('seals_voice'),
        mac: reader.bytes('mac', MAC_BYTES),
      };
      break;
    case 'media-key':
      message = { type: 'media-key', generation: reader.generation(), wrapped: reader.bytes('wrapped', WRAPPED_BYTES) };
      break;
    case 'key-taken':
      message = { type: 'key-taken', generation: reader.generation() };
      break;
    case 'no-key':
      message = { type: 'no-key' };
      break;
    default:
      return null;
  }
  const known = Object.keys(message).length;
  if (Object.keys(fields).length !== known) throw refuse(`${message.type} with more fields than ${known}`);
  return message;
}

function mapOf(packet: Uint8Array): Record<string, unknown> {
  try {
    const value = decode(packet, { maxExtLength: 0, maxArrayLength: 8, maxMapLength: 8 });
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

class Fields {
  constructor(private readonly fields: Record<string, unknown>) {}

  bytes(name: string, length: number): Bytes {
    const value = this.fields[name];
    if (!(value instanceof Uint8Array) || value.length !== length) throw refuse(`${name} is not ${length} bytes`);
    return value.slice();
  }

  flag(name: string): boolean {
    const value = this.fields[name];
    if (typeof value !== 'boolean') throw refuse(`${name} = ${String(value).slice(0, 40)}`);
    return value;
  }

  generation(): number {
    const value = this.fields['generation'];
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > MAX_GENERATION) {
      throw refuse(`generation = ${String(value).slice(0, 40)}`);
    }
    return value;
  }
}

function refuse(what: string): CallError {
  return new CallError('bad-control', `A participant sent a message of the key exchange that is malformed: ${what}; dropped.`);
}
