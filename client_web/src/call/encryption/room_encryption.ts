/**
 * The encryption of one stay in a room whose link has a key (docs/encryption.md). Mirrors
 * `server/encryption/room_encryption.py`.
 */
import { EVERYBODY } from '../control';
import { KeyExchange, type PairKeys } from './key_exchange';
import type { KeyMessage, KeyOffer, MediaKey } from './key_messages';
import { KeySchedule } from './key_schedule';
import { deriveLinkKey } from './link_secret';
import { OpeningKeys, type SealingKey } from './media_key';
import { OpeningError } from './opening_error';
import { equal, importAesKey, type Bytes } from './primitives';
import { isSealed, type Lane } from './sealed_header';
import type { SerialQueue } from './serial_queue';
import type { EncryptionStatus } from './status';

export interface RoomEncryptionListener {
  /** Sends a message in the clear, to one participant or to everybody (0). */
  sendKeyMessage(recipient: number, message: KeyMessage): void;
  /** What is sealed for control and keyframes from now on is readable by this participant. */
  onKeysExchanged(participant: number): void;
  /** Voice is sealed under this key from now on. */
  onVoiceKey(key: SealingKey): void;
  /** A participant exchanges keys anew: what was told of theirs is void. */
  onKeysVoid(participant: number): void;
  /** This participant's packets may be under this key. */
  onTheirKey(participant: number, generation: number, key: CryptoKey): void;
}

/** Somebody with the same link. */
interface Member {
  offer: KeyOffer;
  pair: PairKeys;
  keys: OpeningKeys;
  knowsOurKey: boolean;
}

/**
 * Exchanges keys with the others, seals what is sent to them and opens what comes. All asynchronous methods but
 * {@link seal} are to be called in tasks of the queue.
 */
export class RoomEncryption {
  private readonly members = new Map<number, Member>();
  private readonly strangers = new Set<number>();
  private readonly told = new Set<number>();
  private schedule!: KeySchedule;

  private constructor(
    private readonly exchange: KeyExchange,
    private readonly listener: RoomEncryptionListener,
  ) {}

  /** @param sealsVoice whether this browser has encoded transforms. */
  static async begin(
    secret: Bytes,
    room: string,
    ownId: number,
    sealsVoice: boolean,
    queue: SerialQueue,
    listener: RoomEncryptionListener,
  ): Promise<RoomEncryption> {
    const exchange = await KeyExchange.begin(await deriveLinkKey(secret, room), ownId, sealsVoice);
    const encryption = new RoomEncryption(exchange, listener);
    encryption.schedule = await KeySchedule.begin(queue, {
      handOver: (generation, drawn) => encryption.handOver(generation, drawn),
      onHandedOver: () => encryption.tellExchanged(),
      onSettled: (key) => listener.onVoiceKey(key),
    });
    return encryption;
  }

  /** Offers keys to those who are there. */
  offerTo(participants: Iterable<number>): void {
    for (const participant of participants) this.told.add(participant);
    this.listener.sendKeyMessage(EVERYBODY, this.exchange.offer);
  }

  /** Renews the key, so that somebody who has gone cannot read what follows. */
  async participantWent(participant: number): Promise<void> {
    this.told.delete(participant);
    this.strangers.delete(participant);
    if (!this.members.delete(participant)) return;
    await this.schedule.forget(participant);
    await this.schedule.renew();
  }

  /**
   * Takes a message of the exchange.
   * @throws {OpeningError} if it is refused.
   */
  async take(sender: number, message: KeyMessage): Promise<void> {
    switch (message.type) {
      case 'key-offer':
        await this.takeOffer(sender, message);
        break;
      case 'media-key':
        await this.takeMediaKey(sender, message);
        break;
      case 'key-taken':
        await this.schedule.noteTaken(sender, message.generation);
        break;
      case 'no-key':
        if (!this.members.has(sender)) this.noteStranger(sender);
    }
  }

  /** The key that seals on a lane now; {@link SealingKey.seal} does it. */
  keyFor(lane: Lane): SealingKey {
    return this.schedule.keyFor(lane);
  }

  /**
   * Opens what came from the relay.
   * @throws {OpeningError}
   */
  async open(lane: Lane, sender: number, packet: Bytes): Promise<Bytes> {
    const member = this.members.get(sender);
    if (member !== undefined) return member.keys.open(lane, packet);
    if (isSealed(packet)) throw new OpeningError('unknownKey', `participant ${sender} has exchanged no keys`);
    this.noteStranger(sender);
    throw new OpeningError('unsealed', `participant ${sender} sends in the clear`);
  }

  /** How the stay is protected now; voice if everybody here can seal it. */
  status(): EncryptionStatus {
    const offers = [this.exchange.offer, ...[...this.members.values()].map(({ offer }) => offer)];
    return {
      sealed: true,
      voiceSealed: offers.every(({ sealsVoice }) => sealsVoice),
      strangers: [...this.strangers].sort((one, other) => one - other),
    };
  }

  close(): void {
    this.schedule.close();
  }

  private async takeOffer(sender: number, offer: KeyOffer): Promise<void> {
    const known = this.members.get(sender);
    if (known !== undefined && sameOffer(known.offer, offer)) return;
    let pair: PairKeys;
    try {
      pair = await this.exchange.agree(sender, offer);
    } catch (error) {
      if (error instanceof OpeningError) this.noteStranger(sender);
      throw error;
    }
    this.strangers.delete(sender);
    this.members.set(sender, { offer, pair, keys: new OpeningKeys(), knowsOurKey: false });
    if (known !== undefined) {
      this.told.delete(sender);
      this.listener.onKeysVoid(sender);
    }
    this.tellOffer(sender);
    await this.schedule.renew();
  }

  private async takeMediaKey(sender: number, message: MediaKey): Promise<void> {
    const member = this.members.get(sender);
    if (member === undefined) {
      throw new OpeningError('refusedOffers', `a media key of participant ${sender}, who has offered no key`);
    }
    const key = await importAesKey(await member.pair.unwrap(message));
    if (!member.keys.add(message.generation, key)) return;
    this.listener.onTheirKey(sender, message.generation, key);
    this.listener.sendKeyMessage(sender, { type: 'key-taken', generation: message.generation });
  }

  /** Lets somebody whose link has no key, or another, know that ours has one. */
  private noteStranger(sender: number): void {
    this.strangers.add(sender);
    this.tellOffer(sender);
  }

  private tellOffer(participant: number): void {
    if (this.told.has(participant)) return;
    this.told.add(participant);
    this.listener.sendKeyMessage(participant, this.exchange.offer);
  }

  private async handOver(generation: number, secret: Bytes): Promise<ReadonlySet<number>> {
    for (const [participant, { pair }] of this.members) {
      this.listener.sendKeyMessage(participant, await pair.wrap(generation, secret));
    }
    return new Set(this.members.keys());
  }

  private tellExchanged(): void {
    for (const [participant, member] of this.members) {
      if (member.knowsOurKey) continue;
      member.knowsOurKey = true;
      this.listener.onKeysExchanged(participant);
    }
  }
}

function sameOffer(one: KeyOffer, other: KeyOffer): boolean {
  return equal(one.public, other.public) && one.sealsVoice === other.sealsVoice && equal(one.mac, other.mac);
}
