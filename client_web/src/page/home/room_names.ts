/** Names of rooms: 1–64 characters of `A–Z a–z 0–9 _ -` (docs/protocol.md). */

const ROOM_NAME = /^[A-Za-z0-9_-]{1,64}$/;
const CONSONANTS = 'bdfgklmnprstvz';
const VOWELS = 'aeiou';
const SYLLABLES_OF_WORDS = [2, 2, 3];

/**
 * Makes up a name that can be read out over the telephone, such as `tavo-kemi-lurabe`: seven syllables of 70,
 * 43 bits, so that nobody guesses a room.
 */
export function makeUpRoomName(): string {
  return SYLLABLES_OF_WORDS.map((count) => Array.from({ length: count }, syllable).join('')).join('-');
}

function syllable(): string {
  return pick(CONSONANTS) + pick(VOWELS);
}

function pick(letters: string): string {
  // 2³² is so much larger than the alphabet that the remainder's bias does not matter.
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  return letters.charAt(random % letters.length);
}

/**
 * Reads what a person typed or pasted: a room's name, or the whole link to it. Spaces become dashes.
 * Returns `null` if no name can be made of it.
 */
export function roomNameFrom(typed: string): string | null {
  const trimmed = typed.trim();
  const name = /\/room\/([^/?#]+)/.exec(trimmed)?.[1] ?? trimmed.replace(/\s+/g, '-');
  return ROOM_NAME.test(name) ? name : null;
}
