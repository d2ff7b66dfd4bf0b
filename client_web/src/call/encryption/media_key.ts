/**
 * A media key: seals packets at its owner, opens them at everybody else (docs/encryption.md, "Sealed packets"). Mirrors
 * `server/encryption/media_key.py`; WebCrypto makes it asynchronous.
 */
import { OpeningError } from './opening_error';
import { concatenated, importAesKey, type Bytes } from './primitives';
import { ReplayWindow } from './replay_window';
import {
  counterBits,
  headerBytes,
  KEY_IDS,
  LANE_NUMBERS,
  parseHeader,
  writeHeader,
  type Lane,
  type SealedHeader,
} from './sealed_header';

export const KEY_BYTES = 16;
export const TAG_BYTES = 8;
/** No lane seals more under one key; keys are renewed long before. */
export const MAX_PACKETS = 2 ** 24;

const KEYS_KEPT = 3;

/** One's own media key of one generation. Counters are taken when {@link seal} is called. */
export class SealingKey {
  private readonly sealed: Record<Lane, number> = { voice: 0, motion: 0, keyframe: 0, control: 0 };

  constructor(
    readonly generation: number,
    /** AES-GCM, 128 bits. Where it is posted to a worker, each side has lanes of its own. */
    readonly key: CryptoKey,
  ) {}

  /** @throws {RangeError} after 2²⁴ packets of a lane. */
  async seal(lane: Lane, plain: Bytes, speech = false): Promise<Bytes> {
    const counter = this.sealed[lane];
    if (counter >= MAX_PACKETS) {
      throw new RangeError(`${counter} packets are sealed under generation ${this.generation}: renew the key`);
    }
    this.sealed[lane] += 1;
    const header = writeHeader(lane, {
      keyId: this.generation % KEY_IDS,
      speech,
      lowCounter: counter % 2 ** counterBits(lane),
    });
    return concatenated(header, new Uint8Array(await crypto.subtle.encrypt(gcm(lane, counter, header), this.key, plain)));
  }
}

/** Somebody else's media key of one generation, and what has come under it. */
class OpeningKey {
  private readonly windows: Record<Lane, ReplayWindow> = {
    voice: new ReplayWindow(),
    motion: new ReplayWindow(),
    keyframe: new ReplayWindow(),
    control: new ReplayWindow(),
  };

  constructor(
    readonly generation: number,
    private readonly key: CryptoKey,
  ) {}

  async open(lane: Lane, { lowCounter }: SealedHeader, packet: Bytes): Promise<Bytes> {
    const window = this.windows[lane];
    const counter = window.complete(lowCounter, counterBits(lane));
    const replayed = new OpeningError('replayed', `packet ${counter} has come before, or is too old`);
    if (!window.isNew(counter)) throw replayed;
    const header = packet.subarray(0, headerBytes(lane));
    let plain: ArrayBuffer;
    try {
      plain = await crypto.subtle.decrypt(gcm(lane, counter, header), this.key, packet.subarray(header.length));
    } catch {
      throw new OpeningError('forged', `packet ${counter} is forged, too short, or of another key`);
    }
    // The same packet may have been opened while this one was.
    if (!window.isNew(counter)) throw replayed;
    window.accept(counter);
    return new Uint8Array(plain);
  }
}

/** The newest keys of one sender. */
export class OpeningKeys {
  private keys: OpeningKey[] = [];

  /** Takes a key; `false` if it is not newer than those here. */
  add(generation: number, key: CryptoKey): boolean {
    const newest = this.keys.at(-1);
    if (newest !== undefined && generation <= newest.generation) return false;
    this.keys = [...this.keys.slice(1 - KEYS_KEPT), new OpeningKey(generation, key)];
    return true;
  }

  /**
   * Opens a packet of this sender.
   * @throws {OpeningError}
   */
  async open(lane: Lane, packet: Bytes): Promise<Bytes> {
    const header = parseHeader(lane, packet);
    const key = this.keys.findLast(({ generation }) => generation % KEY_IDS === header.keyId);
    if (key === undefined) {
      throw new OpeningError('unknownKey', `a packet under key ${header.keyId} (modulo ${KEY_IDS}), not here`);
    }
    return key.open(lane, header, packet);
  }
}

/** Draws a key: what seals with it, and the 16 bytes to hand over. */
export async function drawSealingKey(generation: number): Promise<{ key: SealingKey; secret: Bytes }> {
  const secret = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  return { key: new SealingKey(generation, await importAesKey(secret)), secret };
}

function gcm(lane: Lane, counter: number, additionalData: Bytes): AesGcmParams {
  const iv = new Uint8Array(12);
  iv[0] = LANE_NUMBERS[lane];
  // Counters stay far below 2³²: see MAX_PACKETS and counterBits.
  new DataView(iv.buffer).setUint32(8, counter);
  return { name: 'AES-GCM', iv, additionalData, tagLength: 8 * TAG_BYTES };
}
