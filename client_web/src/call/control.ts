/** Control messages between participants and the relay's envelope (docs/protocol.md, docs/wire-format.md). */
import { decode, encode } from '@msgpack/msgpack';
import type { Reception } from './budget/reception';
import { CallError } from './errors';
import type { KeyframeAbility, ParticipantState, SoundDrive } from './events';
import { CLOCK_MODULUS_MS } from './sender_clock';

/** Recipient of an enveloped message that is meant for everybody. */
export const EVERYBODY = 0;

/** A control message may have this many bytes, envelope included. */
export const MAX_CONTROL_BYTES = 4_096;

/** A line of chat has 1 to this many characters (Unicode code points). */
export const MAX_CHAT_LENGTH = 800;

/** What one may react with. */
export const REACTIONS = ['👍', '👏', '❤️', '😂', '😮', '🎉'] as const;
export type Reaction = (typeof REACTIONS)[number];

export type ControlMessage =
  | ({ type: 'state'; keyframes: KeyframeAbility } & ParticipantState)
  | { type: 'chat'; text: string }
  | { type: 'reaction'; emoji: Reaction }
  | { type: 'keyframe-request'; number: number }
  /** All of the screen that the recipient shares is wanted here. */
  | { type: 'screen-request' }
  /** What does the recipient's clock show, that of its bundles? Asked at `asked`, whole ms since 1970. */
  | { type: 'clock'; asked: number }
  /** `shows`: ms, modulo `CLOCK_MODULUS_MS`. */
  | { type: 'clock-answer'; asked: number; shows: number }
  /** That keyframe of the recipient's is here, whole. */
  | { type: 'keyframe-received'; number: number }
  /** How the recipient's packets arrive. */
  | ({ type: 'reception' } & Reception)
  /**
   * My connection is new, but I still have what came before: of your keyframes those up to `newest`, or none (`null`).
   * With `answer` the recipient is to say the same of mine.
   */
  | { type: 'resume'; newest: number | null; answer: boolean }
  /** Bundles behind the recipient's voice reach the one who says so, or no longer do. */
  | { type: 'trailers'; read: boolean };

/** Puts the recipient's id (0–255; 0 = everybody) in front of `payload`, as the relay wants it. */
export function withRecipient(recipient: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(1 + payload.length);
  message[0] = recipient;
  message.set(payload, 1);
  return message;
}

/**
 * Takes the sender's id (1–255) off a message that came from the relay.
 * @throws {CallError} `bad-server-message` if it is empty or the id is 0.
 */
export function splitSender(message: Uint8Array): { from: number; payload: Uint8Array } {
  const from = message[0];
  if (from === undefined || from === 0) {
    throw new CallError('bad-server-message', `The relay sent ${message.length} bytes without a sender's id; dropped.`);
  }
  return { from, payload: message.subarray(1) };
}

export function serialiseControl(message: ControlMessage): Uint8Array {
  if (message.type !== 'state') return encode(message);
  // What is as usual is not said.
  const { keyframes, hand, recording, screen, soundDrive, ...fields } = message;
  return encode({
    ...fields,
    ...(keyframes === 'all' ? {} : { keyframes }),
    ...(hand ? { hand } : {}),
    ...(recording ? { recording } : {}),
    ...(screen ? { screen } : {}),
    ...(soundDrive === undefined ? {} : { 'sound-drive': soundDrive }),
  });
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
    case 'state':
      return parseState(fields);
    case 'chat': {
      const { text } = fields;
      const characters = typeof text === 'string' ? Array.from(text).length : 0;
      if (typeof text !== 'string' || text.trim() === '' || characters > MAX_CHAT_LENGTH) {
        throw refuse(`with a text of ${characters} characters`);
      }
      return { type: 'chat', text };
    }
    case 'reaction': {
      const emoji = REACTIONS.find((reaction) => reaction === fields['emoji']);
      if (emoji === undefined) throw refuse(`with emoji = ${String(fields['emoji']).slice(0, 40)}`);
      return { type: 'reaction', emoji };
    }
    case 'screen-request':
      return { type: 'screen-request' };
    case 'keyframe-request':
    case 'keyframe-received':
      return { type: fields['type'], number: wholeNumber(fields, 'number', 255) };
    case 'reception': {
      const [lost, late, kbps] = [
        wholeNumber(fields, 'lost', 100),
        wholeNumber(fields, 'late', 60_000),
        wholeNumber(fields, 'kbps', 100_000),
      ];
      return { type: 'reception', lost, late, kbps };
    }
    case 'clock':
      return { type: 'clock', asked: wholeNumber(fields, 'asked', Number.MAX_SAFE_INTEGER) };
    case 'clock-answer': {
      const asked = wholeNumber(fields, 'asked', Number.MAX_SAFE_INTEGER);
      return { type: 'clock-answer', asked, shows: wholeNumber(fields, 'shows', CLOCK_MODULUS_MS - 1) };
    }
    case 'resume': {
      const newest = fields['newest'] === null ? null : wholeNumber(fields, 'newest', 255);
      const { answer } = fields;
      if (typeof answer !== 'boolean') throw refuse(`with answer = ${String(answer).slice(0, 40)}`);
      return { type: 'resume', newest, answer };
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

function parseState(fields: Record<string, unknown>): ControlMessage {
  const { camera, keyframes = 'all' } = fields;
  if (camera !== 'on' && camera !== 'off') throw refuse(`with camera = ${String(camera).slice(0, 40)}`);
  if (keyframes !== 'all' && keyframes !== 'intra') throw refuse(`with keyframes = ${String(keyframes).slice(0, 40)}`);
  const flag = (name: 'muted' | 'hand' | 'recording' | 'screen', usual?: boolean): boolean => {
    const value = fields[name] ?? usual;
    if (typeof value !== 'boolean') throw refuse(`with ${name} = ${String(value).slice(0, 40)}`);
    return value;
  };
  return {
    type: 'state',
    muted: flag('muted'),
    camera,
    hand: flag('hand', false),
    recording: flag('recording', false),
    screen: flag('screen', false),
    keyframes,
    ...parseSoundDrive(fields['sound-drive']),
  };
}

function parseSoundDrive(value: unknown): { soundDrive?: SoundDrive } {
  if (value === undefined) return {};
  if (value !== 'always' && value !== 'never') throw refuse(`with sound-drive = ${String(value).slice(0, 40)}`);
  return { soundDrive: value };
}

function wholeNumber(fields: Record<string, unknown>, name: string, largest: number): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > largest) {
    throw refuse(`with ${name} = ${String(value).slice(0, 40)}`);
  }
  return value;
}

function refuse(what: string): CallError {
  return new CallError('bad-control', `A participant sent a control message ${what}; dropped.`);
}
