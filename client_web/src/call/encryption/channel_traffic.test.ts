import { afterEach, describe, expect, it } from 'vitest';
import type { ChannelName } from '../channels';
import { PlainTraffic, SealedTraffic, type ChannelTraffic } from './channel_traffic';
import { KeyExchange } from './key_exchange';
import { serialiseKeyMessage } from './key_messages';
import { deriveLinkKey, makeLinkKey, readLinkSecret } from './link_secret';
import type { Bytes } from './primitives';
import type { EncryptionStatus } from './status';
import { VoiceCipher } from './voice_cipher';

const LINK = Uint8Array.from({ length: 16 }, (_, index) => index);
const HELLO = Uint8Array.of(0x11, 1, 2, 3, 4, 5, 6, 7, 8, 9);
const OPUS = Uint8Array.of(0x18, 7, 7, 7, 7);

/** A relay between people without sockets; it keeps what it forwards. */
class Relay {
  readonly people = new Map<number, Person>();
  readonly forwarded: { from: number; channel: ChannelName; to: number; payload: Bytes }[] = [];

  send(from: number, channel: ChannelName, message: Bytes): void {
    const to = channel === 'motion' ? 0 : (message[0] ?? 0);
    const payload = channel === 'motion' ? message : message.slice(1);
    this.forwarded.push({ from, channel, to, payload });
    for (const [id, person] of this.people) {
      if (id !== from && (to === 0 || to === id)) person.traffic.receive(channel, Uint8Array.of(from, ...payload));
    }
  }

  leave(id: number): void {
    this.people.get(id)?.traffic.close();
    this.people.delete(id);
    for (const person of this.people.values()) person.traffic.participantWent(id);
  }
}

class Person {
  readonly traffic: ChannelTraffic;
  readonly voice = new VoiceCipher();
  readonly received: { channel: ChannelName; from: number; payload: Bytes }[] = [];
  readonly exchangedWith: number[] = [];
  status: EncryptionStatus | null = null;

  constructor(
    relay: Relay,
    readonly id: number,
    secret: Bytes | null = LINK,
    { room = 'tea', sealsVoice = true } = {},
  ) {
    this.voice.take({ type: 'begin', hasKey: secret !== null });
    const listener = {
      transmit: (channel: ChannelName, message: Bytes) => relay.send(id, channel, message),
      deliver: (channel: ChannelName, from: number, payload: Bytes) => this.received.push({ channel, from, payload }),
      onKeysExchanged: (participant: number) => this.exchangedWith.push(participant),
      onStatus: (status: EncryptionStatus) => (this.status = status),
      onVoiceKeys: (message: Parameters<VoiceCipher['take']>[0]) => this.voice.take(message),
      onRejected: () => undefined,
    };
    this.traffic =
      secret === null ? new PlainTraffic(listener) : new SealedTraffic(secret, room, id, sealsVoice, listener);
    relay.people.set(id, this);
    this.traffic.begin([...relay.people.keys()].filter((other) => other !== id));
  }

  /** Whether a voice packet of another one is played here. */
  async hears(speaker: Person): Promise<boolean> {
    const packet = await speaker.voice.seal(OPUS, true);
    if (packet === null) return false;
    this.voice.take({ type: 'slot', slot: 0, participant: speaker.id });
    return (await this.voice.open(0, packet)) !== null;
  }

  close(): void {
    this.traffic.close();
  }
}

/** Lets everything under way come to its end. */
async function quiet(): Promise<void> {
  for (let round = 0; round < 40; round += 1) await new Promise((resolve) => setTimeout(resolve, 2));
}

const relays: Relay[] = [];

function newRelay(): Relay {
  const relay = new Relay();
  relays.push(relay);
  return relay;
}

afterEach(() => {
  for (const relay of relays.splice(0)) for (const person of relay.people.values()) person.close();
});

describe('SealedTraffic', () => {
  it('is read by everybody with the link, in order', async () => {
    const relay = newRelay();
    const people = [1, 2, 255].map((id) => new Person(relay, id));
    await quiet();
    const [ann, bob, carol] = people as [Person, Person, Person];
    expect(ann.exchangedWith.sort()).toEqual([2, 255].sort());
    for (let number = 0; number < 5; number += 1) ann.traffic.send('control', 0, Uint8Array.of(0x80, number));
    ann.traffic.send('motion', 0, HELLO);
    ann.traffic.send('keyframe', bob.id, HELLO);
    await quiet();
    const control = bob.received.filter(({ channel }) => channel === 'control').map(({ payload }) => payload[1]);
    expect(control).toEqual([0, 1, 2, 3, 4]);
    expect(bob.received.filter(({ channel }) => channel !== 'control')).toHaveLength(2);
    expect(carol.received.some(({ channel }) => channel === 'keyframe')).toBe(false);
    for (const one of people) for (const other of people) if (one !== other) expect(await one.hears(other)).toBe(true);
    expect(ann.status).toEqual({ sealed: true, voiceSealed: true, strangers: [] });
    const sealed = relay.forwarded.filter(({ channel }) => channel === 'motion');
    expect(sealed.map(({ payload }) => payload.length)).toEqual([HELLO.length + 10]);
    expect(people.flatMap((person) => Object.values(person.traffic.statistics().dropped)).every((n) => n === 0)).toBe(true);
  });

  it('gives somebody with another key or without one nothing, and says so at both ends', async () => {
    const relay = newRelay();
    const other = readLinkSecret(`#key=${makeLinkKey()}`);
    const ann = new Person(relay, 1);
    const eve = new Person(relay, 2, other);
    const kim = new Person(relay, 3, null);
    await quiet();
    kim.traffic.send('control', 0, Uint8Array.of(0x81, 0xa1, 0x61, 1));
    ann.traffic.send('control', 0, Uint8Array.of(0x80));
    ann.traffic.send('motion', 0, HELLO);
    await quiet();
    expect(ann.status?.strangers).toEqual([2, 3]);
    expect(eve.status?.strangers).toEqual([1, 3]);
    expect(kim.status).toMatchObject({ sealed: false, strangers: [1, 2] });
    for (const person of [ann, eve, kim]) expect(person.received).toEqual([]);
    for (const [one, two] of [[ann, eve], [ann, kim], [kim, ann], [eve, kim]] as const) {
      expect(await one.hears(two)).toBe(false);
    }
    expect(eve.traffic.statistics().dropped.refusedOffers).toBeGreaterThan(0);
    expect(kim.traffic.statistics().dropped.unknownKey).toBeGreaterThan(0);
  });

  it('cannot be read by somebody who has left, nor by somebody who comes later', async () => {
    const relay = newRelay();
    const [ann, bob, eve] = [1, 2, 3].map((id) => new Person(relay, id)) as [Person, Person, Person];
    await quiet();
    const before = (await ann.voice.seal(OPUS, true)) as Bytes;
    expect(await eve.hears(ann)).toBe(true);
    relay.leave(3);
    await quiet();
    expect(await bob.hears(ann)).toBe(true);
    expect(await eve.hears(ann)).toBe(false);
    const late = new Person(relay, 4);
    await quiet();
    expect(await late.hears(ann)).toBe(true);
    late.voice.take({ type: 'slot', slot: 0, participant: 1 });
    expect(await late.voice.open(0, before)).toBe(null);
  });

  it('drops and counts what a relay repeats, cuts or changes', async () => {
    const relay = newRelay();
    const [ann, bob] = [new Person(relay, 1), new Person(relay, 2)];
    await quiet();
    relay.people.delete(bob.id);
    ann.traffic.send('motion', 0, HELLO);
    await quiet();
    relay.people.set(bob.id, bob);
    const { payload } = relay.forwarded.at(-1) as { payload: Bytes };
    const changed = payload.slice();
    changed[5] = (changed[5] ?? 0) ^ 1;
    for (const hostile of [changed, payload.slice(0, -1), payload, payload, HELLO]) {
      bob.traffic.receive('motion', Uint8Array.of(1, ...hostile));
    }
    await quiet();
    expect(bob.received).toHaveLength(1);
    expect(bob.traffic.statistics().dropped).toMatchObject({ forged: 2, replayed: 1, unsealed: 1 });
  });

  it('leaves voice in the clear while somebody cannot seal it, and says so', async () => {
    const relay = newRelay();
    const [ann, bob] = [new Person(relay, 1), new Person(relay, 2)];
    const old = new Person(relay, 3, LINK, { sealsVoice: false });
    await quiet();
    expect(ann.status).toEqual({ sealed: true, voiceSealed: false, strangers: [] });
    expect(ann.voice.takesBundles).toBe(false);
    expect(await ann.voice.seal(OPUS, true)).toEqual(OPUS);
    expect(await bob.hears(ann)).toBe(true);
    relay.leave(old.id);
    await quiet();
    expect(await ann.voice.seal(OPUS, true)).not.toEqual(OPUS);
    expect(await bob.hears(ann)).toBe(true);
    bob.voice.take({ type: 'slot', slot: 0, participant: 1 });
    expect(await bob.voice.open(0, OPUS)).toBe(null);
  });

  it('refuses offers that a relay makes or changes', async () => {
    const relay = newRelay();
    const ann = new Person(relay, 1);
    await quiet();
    const forger = await KeyExchange.begin(await deriveLinkKey(new Uint8Array(16), 'tea'), 2, true);
    const insider = await KeyExchange.begin(await deriveLinkKey(LINK, 'tea'), 2, true);
    const offers = [forger.offer, { ...insider.offer, sealsVoice: false }, { ...insider.offer, public: forger.offer.public }];
    for (const offer of offers) ann.traffic.receive('control', Uint8Array.of(2, ...serialiseKeyMessage(offer)));
    ann.traffic.receive('control', Uint8Array.of(9, ...serialiseKeyMessage(insider.offer)));
    await quiet();
    expect(ann.traffic.statistics().dropped.refusedOffers).toBe(4);
    expect(ann.status).toEqual({ sealed: true, voiceSealed: true, strangers: [2, 9] });
  });
});
