import { decode, encode } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { CallError } from './errors';
import { parseServerMessage, serialiseClientMessage } from './messages';
import { pseudoRandom } from '../testing/pseudo_random';

const JOINED = {
  type: 'joined',
  id: 7,
  participants: [{ id: 1, name: 'Ada', source: 'file', session: 4_294_967_295, away: true }],
  ice_servers: [{ urls: ['turn:relay.example:3478'], username: 'u', credential: 'c' }],
  room: { locked: false, lobby: true, hosts: [1, 7] },
  pass: 'p.a.ss',
  nodes: ['https://b.example:8443'],
};
const MESSAGES = [
  JOINED,
  { type: 'answer', sdp: 'v=0\r\n' },
  { type: 'voices', slots: { '1': 4, '2': null } },
  { type: 'participant-joined', participant: { id: 2, name: 'Grace', source: 'camera', session: 0 } },
  { type: 'participant-away', id: 2, away: true },
  { type: 'participant-left', id: 2, reason: 'lost' },
  { type: 'participant-left', id: 2, reason: 'removed' },
  { type: 'waiting' },
  { type: 'knock', id: 65_535, name: 'Linus' },
  { type: 'knock-gone', id: 3 },
  { type: 'mute-requested' },
  { type: 'room', locked: false, lobby: false, hosts: [2] },
  { type: 'error', code: 'room-full', message: 'This room has 8 people.' },
];

describe('parseServerMessage', () => {
  it('reads every message of the protocol', () => {
    expect(parseServerMessage(encode(JOINED))).toEqual({
      type: 'joined',
      id: 7,
      participants: [{ id: 1, name: 'Ada', source: 'file', session: 4_294_967_295, away: true }],
      iceServers: [{ urls: ['turn:relay.example:3478'], username: 'u', credential: 'c' }],
      room: { locked: false, lobby: true, hosts: [1, 7] },
      pass: 'p.a.ss',
      nodes: ['https://b.example:8443'],
    });
    expect(parseServerMessage(encode({ type: 'room', locked: true, lobby: false, hosts: [] }))).toEqual({
      type: 'room',
      room: { locked: true, lobby: false, hosts: [] },
    });
    const voices = parseServerMessage(encode({ type: 'voices', slots: { '1': 4, '2': null } }));
    expect(voices).toEqual({ type: 'voices', slots: new Map([['1', 4], ['2', null]]) });
    for (const message of MESSAGES) expect(parseServerMessage(encode(message)).type).toBe(message.type);
  });

  it.each([
    ['a node that is no origin', { ...JOINED, nodes: ['https://b.example/elsewhere'] }],
    ['an unknown type', { type: 'greeting' }],
    ['id 0', { ...JOINED, id: 0 }],
    ['id 256', { ...JOINED, id: 256 }],
    ['a fractional id', { ...JOINED, id: 1.5 }],
    ['a missing list', { ...JOINED, participants: undefined }],
    ['an empty name', { ...JOINED, participants: [{ id: 1, name: '', source: 'file' }] }],
    ['a long name', { ...JOINED, participants: [{ id: 1, name: 'x'.repeat(65), source: 'file' }] }],
    ['an unknown source', { ...JOINED, participants: [{ id: 1, name: 'x', source: 'tape' }] }],
    ['a number as SDP', { type: 'answer', sdp: 5 }],
    ['a slot with text', { type: 'voices', slots: { '1': 'four' } }],
    ['a list of slots', { type: 'voices', slots: [] }],
    ['a session of 33 bits', { ...JOINED, participants: [{ id: 1, name: 'x', source: 'file', session: 2 ** 32 }] }],
    ['away as a number', { type: 'participant-away', id: 2, away: 1 }],
    ['an unknown reason', { type: 'participant-left', id: 2, reason: 'bored' }],
    ['an unknown error', { type: 'error', code: 'nope', message: '' }],
    ['a room without a lock', { ...JOINED, room: { lobby: false, hosts: [] } }],
    ['a host 0', { type: 'room', locked: false, lobby: false, hosts: [0] }],
    ['a knock 65 536', { type: 'knock', id: 65_536, name: 'x' }],
    ['no map at all', [1, 2, 3]],
  ])('refuses %s', (_, message) => {
    expect(() => parseServerMessage(encode(message))).toThrow(CallError);
  });

  it('meets truncated, extended and random bytes with a CallError only', () => {
    const random = pseudoRandom(2);
    for (const message of MESSAGES) {
      const bytes = encode(message);
      for (let length = 0; length < bytes.length; length += 1) {
        expect(() => parseServerMessage(bytes.subarray(0, length))).toThrow(CallError);
      }
      expect(() => parseServerMessage(Uint8Array.of(...bytes, 0))).toThrow(CallError);
      for (let round = 0; round < 300; round += 1) {
        const damaged = Uint8Array.from(bytes);
        damaged[random(damaged.length)] = random(256);
        expectParsedOrRefused(damaged);
      }
    }
    for (let round = 0; round < 2_000; round += 1) {
      expectParsedOrRefused(Uint8Array.from({ length: random(64) }, () => random(256)));
    }
  });
});

function expectParsedOrRefused(bytes: Uint8Array): void {
  try {
    parseServerMessage(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(CallError);
  }
}

describe('serialiseClientMessage', () => {
  it('writes one msgpack map', () => {
    const join = { type: 'join', protocol: 1, name: 'Ada', source: 'camera' } as const;
    expect(decode(serialiseClientMessage(join))).toEqual(join);
  });
});
