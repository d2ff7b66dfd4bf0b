import { describe, expect, it } from 'vitest';
import { fromHexadecimal, goldenVectors } from '../../testing/golden_vectors';
import { KeyExchange } from './key_exchange';
import { deriveLinkKey, readLinkSecret } from './link_secret';
import { OpeningKeys, SealingKey } from './media_key';
import { importAesKey } from './primitives';
import { parseHeader, type Lane } from './sealed_header';

interface Vector {
  room: string;
  link: string;
  link_key: string;
  seals_voice: boolean;
  people: [Person, Person];
  generation: number;
  media_key: string;
  wrapped: string;
  packets: { lane: Lane; skipped: number; speech: boolean; plain: string; sealed: string }[];
}

interface Person {
  id: number;
  private: string;
  public: string;
  mac: string;
}

const VECTORS = goldenVectors<Vector>('encryption');

function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function exchangeOf(vector: Vector, person: Person): Promise<KeyExchange> {
  const secret = readLinkSecret(new URL(vector.link).hash);
  if (secret === null) throw new Error('a link without a key');
  const linkKey = await deriveLinkKey(secret, vector.room);
  expect(hexadecimal(linkKey)).toBe(vector.link_key);
  const curve = { name: 'ECDH', namedCurve: 'P-256' };
  const pkcs8 = fromHexadecimal(person.private);
  const privateKey = await crypto.subtle.importKey('pkcs8', pkcs8, curve, false, ['deriveBits']);
  const keyPair = { privateKey, publicKey: fromHexadecimal(person.public) };
  return KeyExchange.begin(linkKey, person.id, vector.seals_voice, keyPair);
}

describe.each(VECTORS)('the vectors of the room $room', (vector) => {
  const [one, two] = vector.people;

  it('are met by the key exchange', async () => {
    const [first, second] = [await exchangeOf(vector, one), await exchangeOf(vector, two)];
    expect(hexadecimal(first.offer.mac)).toBe(one.mac);
    expect(hexadecimal(second.offer.mac)).toBe(two.mac);
    const mediaKey = fromHexadecimal(vector.media_key);
    const message = await (await first.agree(two.id, second.offer)).wrap(vector.generation, mediaKey);
    expect(hexadecimal(message.wrapped)).toBe(vector.wrapped);
    expect(await (await second.agree(one.id, first.offer)).unwrap(message)).toEqual(mediaKey);
  });

  it('are met by sealing and opening', async () => {
    const key = await importAesKey(fromHexadecimal(vector.media_key));
    const sealing = new SealingKey(vector.generation, key);
    const opening = new OpeningKeys();
    opening.add(vector.generation, key);
    for (const { lane, skipped, speech, plain, sealed } of vector.packets) {
      for (let count = 0; count < skipped; count += 1) {
        const lost = await sealing.seal(lane, new Uint8Array(0));
        if (count % 400 === 399) await opening.open(lane, lost);
      }
      const packet = await sealing.seal(lane, fromHexadecimal(plain), speech);
      expect(hexadecimal(packet)).toBe(sealed);
      expect(parseHeader(lane, packet).speech).toBe(speech);
      expect(hexadecimal(await opening.open(lane, packet))).toBe(plain);
    }
  });
});
