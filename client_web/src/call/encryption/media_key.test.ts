import { describe, expect, it } from 'vitest';
import { drawSealingKey, MAX_PACKETS, OpeningKeys, type SealingKey } from './media_key';
import { OpeningError } from './opening_error';
import { WINDOW } from './replay_window';
import { isSealed, type Lane } from './sealed_header';

const LANES: readonly Lane[] = ['voice', 'motion', 'keyframe', 'control'];
const PLAIN = new Uint8Array(60).fill(0x5a);

async function pair(generation = 1): Promise<[SealingKey, OpeningKeys]> {
  const { key } = await drawSealingKey(generation);
  const keys = new OpeningKeys();
  keys.add(generation, key.key);
  return [key, keys];
}

async function whyDropped(keys: OpeningKeys, lane: Lane, packet: Uint8Array<ArrayBuffer>): Promise<string> {
  const error: unknown = await keys.open(lane, packet).catch((reason: unknown) => reason);
  return error instanceof OpeningError ? error.reason : 'opened';
}

describe('sealed packets', () => {
  it.each(LANES)('of the lane %s open once', async (lane) => {
    const [key, keys] = await pair();
    const packet = await key.seal(lane, PLAIN);
    expect(packet.length).toBe(PLAIN.length + (lane === 'voice' || lane === 'motion' ? 10 : 12));
    expect(isSealed(packet)).toBe(true);
    expect(await keys.open(lane, packet)).toEqual(PLAIN);
    expect(await whyDropped(keys, lane, packet)).toBe('replayed');
  });

  it('open once even if both copies are opened at the same time', async () => {
    const [key, keys] = await pair();
    const packet = await key.seal('motion', PLAIN);
    const outcomes = await Promise.all([whyDropped(keys, 'motion', packet), whyDropped(keys, 'motion', packet)]);
    expect(outcomes.sort()).toEqual(['opened', 'replayed']);
  });

  it('are dropped when changed, truncated, of another lane or key', async () => {
    const [key, keys] = await pair();
    const [, others] = await pair();
    const packet = await key.seal('voice', PLAIN);
    expect(await whyDropped(others, 'voice', packet)).toBe('forged');
    expect(await whyDropped(keys, 'motion', packet)).toBe('forged');
    for (let length = 0; length < packet.length; length += 1) {
      expect(await whyDropped(keys, 'voice', packet.slice(0, length))).toBe(length < 2 ? 'unsealed' : 'forged');
    }
    for (let bit = 0; bit < 8 * packet.length; bit += 1) {
      const changed = packet.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(['forged', 'unsealed', 'unknownKey']).toContain(await whyDropped(keys, 'voice', changed));
    }
    expect(await keys.open('voice', packet)).toEqual(PLAIN);
  });

  it('may come late by less than the window, and after long losses', async () => {
    const [key, keys] = await pair();
    const packets = await Promise.all(Array.from({ length: WINDOW + 1 }, () => key.seal('motion', PLAIN)));
    for (const packet of packets.slice(1).reverse()) expect(await whyDropped(keys, 'motion', packet)).toBe('opened');
    expect(await whyDropped(keys, 'motion', packets[0] as Uint8Array<ArrayBuffer>)).not.toBe('opened');
    for (let lost = 0; lost < 447; lost += 1) await key.seal('motion', PLAIN);
    expect(await whyDropped(keys, 'motion', await key.seal('motion', PLAIN))).toBe('opened');
  });

  it('are not made for ever under one key', async () => {
    const [key] = await pair();
    (key as unknown as { sealed: Record<Lane, number> }).sealed.voice = MAX_PACKETS;
    await expect(key.seal('voice', PLAIN)).rejects.toThrow('renew');
  });

  it('of old keys are unknown', async () => {
    const [first, keys] = await pair(1);
    expect(keys.add(1, first.key)).toBe(false);
    const later = await Promise.all([2, 3, 4].map((generation) => drawSealingKey(generation)));
    for (const { key } of later) expect(keys.add(key.generation, key.key)).toBe(true);
    expect(await whyDropped(keys, 'voice', await first.seal('voice', PLAIN))).toBe('unknownKey');
    for (const { key } of later) expect(await whyDropped(keys, 'voice', await key.seal('voice', PLAIN))).toBe('opened');
  });
});
