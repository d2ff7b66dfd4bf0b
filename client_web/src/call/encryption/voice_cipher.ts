/** Seals and opens the voice packets of one connection, in the worker of the encoded transforms. */
import { OpeningKeys, SealingKey } from './media_key';
import { noDrops, OpeningError, type DropCounters } from './opening_error';
import type { Bytes } from './primitives';
import { isSealed } from './sealed_header';

/** From the session to the worker: which keys there are, and whose voice each slot carries. */
export type VoiceKeyMessage =
  /** Whether the link has a key. */
  | { type: 'begin'; hasKey: boolean }
  | { type: 'seal-with'; generation: number; key: CryptoKey }
  /** Whether everybody here seals voice. */
  | { type: 'seal-voice'; sealed: boolean }
  | { type: 'open-with'; participant: number; generation: number; key: CryptoKey }
  | { type: 'forget'; participant: number }
  | { type: 'slot'; slot: number; participant: number | null };

/** Until it has begun, nothing passes. */
export class VoiceCipher {
  readonly dropped: DropCounters = noDrops();
  /** `null`: not known yet. */
  private hasKey: boolean | null = null;
  private own: SealingKey | null = null;
  private everybodySeals = true;
  private readonly theirs = new Map<number, OpeningKeys>();
  private readonly slots = new Map<number, number | null>();

  /** Whether bundles may go behind voice: not in the clear where the link has a key. */
  get takesBundles(): boolean {
    return this.hasKey === false || this.everybodySeals;
  }

  take(message: VoiceKeyMessage): void {
    switch (message.type) {
      case 'begin':
        this.hasKey = message.hasKey;
        break;
      case 'seal-with':
        this.own = new SealingKey(message.generation, message.key);
        break;
      case 'seal-voice':
        this.everybodySeals = message.sealed;
        break;
      case 'open-with': {
        const keys = this.theirs.get(message.participant) ?? new OpeningKeys();
        if (!keys.add(message.generation, message.key)) break;
        this.theirs.set(message.participant, keys);
        break;
      }
      case 'forget':
        this.theirs.delete(message.participant);
        break;
      case 'slot':
        this.slots.set(message.slot, message.participant);
    }
  }

  /** What goes to the relay of a voice packet with the bundles behind it; `null`: it must not. */
  async seal(packet: Bytes, speech: boolean): Promise<Bytes | null> {
    if (this.hasKey === false || (this.hasKey === true && !this.everybodySeals)) return packet;
    return this.own?.seal('voice', packet, speech) ?? null;
  }

  /** The plain packet of what came on a slot; `null`: it must not be played. */
  async open(slot: number, packet: Bytes): Promise<Bytes | null> {
    const keys = this.theirs.get(this.slots.get(slot) ?? 0);
    const isPlain = !isSealed(packet);
    if (isPlain && (this.hasKey === false || (keys !== undefined && !this.everybodySeals))) return packet;
    try {
      if (keys === undefined) throw new OpeningError(isPlain ? 'unsealed' : 'unknownKey', `no keys for slot ${slot}`);
      return await keys.open('voice', packet);
    } catch (error) {
      if (!(error instanceof OpeningError)) throw error;
      this.dropped[error.reason] += 1;
      return null;
    }
  }
}
