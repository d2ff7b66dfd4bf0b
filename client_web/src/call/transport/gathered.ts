/** Bundles of several senders in one message from the relay (docs/wire-format.md, "Relay envelope"). */
import { CallError } from '../errors';

/** In the place of a sender's id, which is never 0. */
const GATHERED = 0;
const HEADER_BYTES = 3;

/** Whether the relay has gathered this message of the channel `motion`. */
export function isGathered(message: Uint8Array): boolean {
  return message[0] === GATHERED;
}

/**
 * Takes a gathered message apart into messages as the relay sends them singly: a sender's id and a bundle.
 * @throws {CallError} `bad-server-message` if it is malformed.
 */
export function splitGathered(message: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  let position = 1;
  while (position < message.length) {
    const [sender, high = 0, low = 0] = message.subarray(position);
    const begin = position + HEADER_BYTES;
    const end = begin + (high << 8) + low;
    if (sender === undefined || sender === GATHERED || end === begin || end > message.length) {
      const what = `The relay sent ${message.length} gathered bytes that break off or have no sender; dropped.`;
      throw new CallError('bad-server-message', what);
    }
    found.push(Uint8Array.of(sender, ...message.subarray(begin, end)));
    position = end;
  }
  if (found.length === 0) throw new CallError('bad-server-message', 'The relay sent a message that gathers nothing; dropped.');
  return found;
}
