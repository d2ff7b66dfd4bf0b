/** The secret in a link's fragment, `#key=…` (docs/encryption.md, "The link's secret"). */
import { CallError } from '../errors';
import { concatenated, hkdf, textBytes } from './primitives';

const SECRET_BYTES = 16;
const TEXT = /^[A-Za-z0-9_-]{21}[AQgw]$/;

/**
 * Reads the 16 bytes of a link's fragment; `null` if it has no `key`.
 * @throws {CallError} `bad-key` if the key is damaged.
 */
export function readLinkSecret(fragment: string): Uint8Array<ArrayBuffer> | null {
  const text = new URLSearchParams(fragment.replace(/^#/, '')).get('key');
  if (text === null) return null;
  if (!TEXT.test(text)) {
    throw new CallError('bad-key', `The link’s key of ${text.length} characters is damaged: ask for the link again.`);
  }
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
}

/** Draws a new secret, as the text of a link: 22 characters of base64url. */
export function makeLinkKey(): string {
  const secret = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  return btoa(String.fromCharCode(...secret)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** The 32 bytes that authenticate key exchanges in this room. */
export function deriveLinkKey(secret: Uint8Array<ArrayBuffer>, room: string): Promise<Uint8Array<ArrayBuffer>> {
  return hkdf(secret, new Uint8Array(0), concatenated(textBytes('facewire 1 link'), textBytes(room)), 32);
}
