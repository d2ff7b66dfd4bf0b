import { makeLinkKey } from '../../call/encryption/link_secret';
import { makeUpRoomName, roomNameFrom } from './room_names';

/** The address of a new room, with a key: what is said there is end-to-end encrypted. */
export function newRoomAddress(): string {
  return `/room/${makeUpRoomName()}#key=${makeLinkKey()}`;
}

/**
 * The address of the room that a person typed or pasted, by name or link. What follows a link's `#` (a join token, a
 * key) stays. Returns `null` if no room can be made of it.
 */
export function roomAddressFrom(typed: string): string | null {
  const name = roomNameFrom(typed);
  const fragment = /#.+$/.exec(typed.trim())?.[0] ?? '';
  return name === null ? null : `/room/${name}${fragment}`;
}

/**
 * The link that invites others to the room of this page: without what is only ours, the join token and the options.
 * A key that all in the room share stays.
 */
export function invitation({ origin, pathname, hash }: Pick<Location, 'origin' | 'pathname' | 'hash'>): string {
  const fragment = new URLSearchParams(hash.replace(/^#/, ''));
  fragment.delete('token');
  const rest = fragment.toString();
  return `${origin}${pathname}${rest === '' ? '' : `#${rest}`}`;
}
