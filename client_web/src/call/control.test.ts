import { encode } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { pseudoRandom } from '../testing/pseudo_random';
import { parseControl, serialiseControl, splitSender, withRecipient, type ControlMessage } from './control';
import { CallError } from './errors';

const MESSAGES: ControlMessage[] = [
  { type: 'state', muted: true, camera: 'off', hand: true, recording: false, screen: false, keyframes: 'intra' },
  { type: 'state', muted: false, camera: 'on', hand: false, recording: true, screen: true, keyframes: 'all' },
  { type: 'state', muted: false, camera: 'on', hand: false, recording: false, screen: false, keyframes: 'all', soundDrive: 'never' },
  { type: 'chat', text: 'はい, מה?' },
  { type: 'reaction', emoji: '👏' },
  { type: 'keyframe-request', number: 255 },
  { type: 'screen-request' },
  { type: 'resume', newest: 255, answer: true },
  { type: 'resume', newest: null, answer: false },
  { type: 'trailers', read: true },
  { type: 'clock', asked: 1_795_000_000_000 },
  { type: 'clock-answer', asked: 1_795_000_000_000, shows: 167_772_159 },
];

describe('the relay envelope', () => {
  it('puts one byte in front and takes it off again', () => {
    const message = withRecipient(9, Uint8Array.of(1, 2));
    expect([...message]).toEqual([9, 1, 2]);
    expect(splitSender(message)).toEqual({ from: 9, payload: Uint8Array.of(1, 2) });
  });

  it('refuses a message without a sender', () => {
    expect(() => splitSender(new Uint8Array(0))).toThrow(CallError);
    expect(() => splitSender(Uint8Array.of(0, 1))).toThrow(CallError);
  });
});

describe('parseControl', () => {
  it('reads what serialiseControl wrote', () => {
    for (const message of MESSAGES) expect(parseControl(serialiseControl(message))).toEqual(message);
  });

  it.each([
    ['an unknown type', { type: 'dance' }],
    ['muted as text', { type: 'state', muted: 'yes', camera: 'on' }],
    ['an unknown camera state', { type: 'state', muted: true, camera: 'broken' }],
    ['an unknown ability', { type: 'state', muted: true, camera: 'on', keyframes: 'none' }],
    ['a sound drive that is neither', { type: 'state', muted: true, camera: 'on', 'sound-drive': 'maybe' }],
    ['a hand that is a number', { type: 'state', muted: true, camera: 'on', hand: 1 }],
    ['an empty line', { type: 'chat', text: ' ' }],
    ['a long line', { type: 'chat', text: 'x'.repeat(801) }],
    ['a foreign reaction', { type: 'reaction', emoji: '<b>' }],
    ['a number out of range', { type: 'keyframe-request', number: 256 }],
    ['a newest out of range', { type: 'resume', newest: -1, answer: true }],
    ['an answer missing', { type: 'resume', newest: 1 }],
    ['a time that is none', { type: 'clock', asked: -1 }],
    ['a clock out of range', { type: 'clock-answer', asked: 0, shows: 167_772_160 }],
    ['read as a number', { type: 'trailers', read: 1 }],
    ['a list', [1]],
    ['too many bytes', { type: 'x'.repeat(4_096) }],
  ])('refuses %s', (_, message) => {
    expect(() => parseControl(encode(message))).toThrow(CallError);
  });

  it('meets truncated and random bytes with a CallError only', () => {
    const random = pseudoRandom(3);
    for (const message of MESSAGES) {
      const bytes = serialiseControl(message);
      for (let length = 0; length < bytes.length; length += 1) {
        expect(() => parseControl(bytes.subarray(0, length))).toThrow(CallError);
      }
    }
    for (let round = 0; round < 5_000; round += 1) {
      try {
        parseControl(Uint8Array.from({ length: random(40) }, () => random(256)));
      } catch (error) {
        expect(error).toBeInstanceOf(CallError);
      }
    }
  });
});
