import { MAX_NAME_LENGTH } from '../call/messages';
import type { TransportPreference } from '../call/transport/transport';

/** The join token in the link's fragment, `#token=…`: fragments stay in the browser until the page sends them. */
export function readToken(fragment: string): string | null {
  return new URLSearchParams(fragment.replace(/^#/, '')).get('token');
}

const LEAST_KBPS = 16;
const MOST_KBPS = 500;

/** What the address may ask of the page: `?name=X&autojoin=1&provider=wasm`, for tests and demonstrations. */
export interface PageOptions {
  name: string | null;
  /** Enter the call without waiting for the button. */
  autojoin: boolean;
  provider: 'auto' | 'webgpu' | 'wasm';
  transport: TransportPreference;
  /** What the call may take of the link, kbit/s in one direction; `null` for the usual. */
  kbps: number | null;
  /** What draws the others: this browser, or a renderer on the server's side. */
  decoder: 'browser' | 'server';
  /** What the comparison begins with, without waiting for a choice. */
  source: 'camera' | 'clip' | null;
}

/** Reads `location.search`; what is unknown or malformed is as if it were not there. */
export function readOptions(search: string): PageOptions {
  const parameters = new URLSearchParams(search);
  const provider = parameters.get('provider');
  const source = parameters.get('source');
  const kbps = Number(parameters.get('kbps'));
  return {
    name: cleanName(parameters.get('name') ?? ''),
    autojoin: parameters.get('autojoin') === '1',
    provider: provider === 'webgpu' || provider === 'wasm' ? provider : 'auto',
    transport: parameters.get('transport') === 'datachannel' ? 'datachannel' : 'auto',
    kbps: kbps >= LEAST_KBPS && kbps <= MOST_KBPS ? kbps : null,
    source: source === 'camera' || source === 'clip' ? source : null,
    decoder: parameters.get('decoder') === 'server' ? 'server' : 'browser',
  };
}

/** Trims and shortens a person's name to 64 characters; `null` if nothing is left. */
export function cleanName(typed: string): string | null {
  const name = Array.from(typed.trim()).slice(0, MAX_NAME_LENGTH).join('');
  return name === '' ? null : name;
}
