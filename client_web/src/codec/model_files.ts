import { CodecError } from './errors';

/** SHA-256 of the landmark model that the codec's tables were made with. */
export const LANDMARKER_SHA256 = '64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff';

/**
 * Fetches a model file or table from the page's own server.
 *
 * With `digest` (SHA-256, lower-case hexadecimal) the content is verified. Throws `CodecError` `model-file`.
 */
export async function fetchModelFile(url: string, digest?: string): Promise<Uint8Array<ArrayBuffer>> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new CodecError('model-file', `cannot fetch ${url}: ${String(error)}; is the server still there?`);
  }
  if (!response.ok) {
    throw new CodecError('model-file', `the server answered ${response.status} for ${url}; is it set up completely?`);
  }
  const content = new Uint8Array(await response.arrayBuffer());
  if (digest === undefined) return content;
  const found = hexadecimal(new Uint8Array(await crypto.subtle.digest('SHA-256', content)));
  if (found !== digest) {
    throw new CodecError('model-file', `${url} has SHA-256 ${found}, expected ${digest}; set the server up again`);
  }
  return content;
}

function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
