/**
 * How media keys are handed over: ECDH, authenticated by the link's secret (docs/encryption.md, "Key exchange").
 * Mirrors `server/encryption/key_exchange.py`.
 */
import { MAC_BYTES, type KeyOffer, type MediaKey } from './key_messages';
import { KEY_BYTES } from './media_key';
import { OpeningError } from './opening_error';
import { concatenated, equal, hkdf, hmac, importAesKey, textBytes, type Bytes } from './primitives';

const CURVE = { name: 'ECDH', namedCurve: 'P-256' } as const;

/** One participant's end, for one stay in a room. */
export class KeyExchange {
  private constructor(
    private readonly linkKey: Bytes,
    private readonly ownId: number,
    private readonly privateKey: CryptoKey,
    /** For everybody. */
    readonly offer: KeyOffer,
  ) {}

  /**
   * @param linkKey that of the room, 32 bytes.
   * @param keyPair for tests; drawn if it is not given.
   */
  static async begin(
    linkKey: Bytes,
    ownId: number,
    sealsVoice: boolean,
    keyPair?: { privateKey: CryptoKey; publicKey: Bytes },
  ): Promise<KeyExchange> {
    const { privateKey, publicKey } = keyPair ?? (await drawKeyPair());
    const proof = await mac(linkKey, ownId, sealsVoice, publicKey);
    return new KeyExchange(linkKey, ownId, privateKey, { type: 'key-offer', public: publicKey, sealsVoice, mac: proof });
  }

  /**
   * The keys between this end and the one who made an offer.
   * @throws {OpeningError} `refusedOffers` if nobody with the link's key made it, or made it under this id.
   */
  async agree(peerId: number, offer: KeyOffer): Promise<PairKeys> {
    if (!equal(await mac(this.linkKey, peerId, offer.sealsVoice, offer.public), offer.mac)) {
      throw new OpeningError('refusedOffers', `the key offer of participant ${peerId}: made with another link`);
    }
    const shared = await this.shared(peerId, offer.public);
    const own = this.offer.public;
    return new PairKeys(
      await this.wrappingKey(shared, Uint8Array.of(this.ownId, peerId), own, offer.public),
      await this.wrappingKey(shared, Uint8Array.of(peerId, this.ownId), offer.public, own),
    );
  }

  private async shared(peerId: number, point: Bytes): Promise<Bytes> {
    try {
      const theirs = await crypto.subtle.importKey('raw', point, CURVE, false, []);
      return new Uint8Array(await crypto.subtle.deriveBits({ name: 'ECDH', public: theirs }, this.privateKey, 256));
    } catch (cause) {
      throw new OpeningError('refusedOffers', `the key offer of participant ${peerId} is no point (${String(cause)})`);
    }
  }

  private async wrappingKey(shared: Bytes, ids: Bytes, sender: Bytes, recipient: Bytes): Promise<CryptoKey> {
    const info = concatenated(textBytes('facewire 1 wrap'), ids, sender, recipient);
    return importAesKey(await hkdf(shared, this.linkKey, info, KEY_BYTES));
  }
}

/** Wraps media keys for one other participant, and unwraps theirs. */
export class PairKeys {
  constructor(
    private readonly out: CryptoKey,
    private readonly back: CryptoKey,
  ) {}

  /** The message that hands a media key over. Each generation is wrapped with one secret only. */
  async wrap(generation: number, secret: Bytes): Promise<MediaKey> {
    const wrapped = await crypto.subtle.encrypt(gcm(generation), this.out, secret);
    return { type: 'media-key', generation, wrapped: new Uint8Array(wrapped) };
  }

  /**
   * The 16 bytes of a media key.
   * @throws {OpeningError} `refusedOffers` if it is not meant for this end.
   */
  async unwrap({ generation, wrapped }: MediaKey): Promise<Bytes> {
    try {
      return new Uint8Array(await crypto.subtle.decrypt(gcm(generation), this.back, wrapped));
    } catch {
      const what = `the wrapped key of generation ${generation} opens with no key of this exchange`;
      throw new OpeningError('refusedOffers', what);
    }
  }
}

function gcm(generation: number): AesGcmParams {
  const iv = new Uint8Array(12);
  new DataView(iv.buffer).setUint32(8, generation);
  return { name: 'AES-GCM', iv, tagLength: 128 };
}

async function drawKeyPair(): Promise<{ privateKey: CryptoKey; publicKey: Bytes }> {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(CURVE, false, ['deriveBits']);
  return { privateKey, publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', publicKey)) };
}

async function mac(linkKey: Bytes, sender: number, sealsVoice: boolean, point: Bytes): Promise<Bytes> {
  const data = concatenated(textBytes('facewire 1 offer'), Uint8Array.of(sender, sealsVoice ? 1 : 0), point);
  return (await hmac(linkKey, data)).slice(0, MAC_BYTES);
}
