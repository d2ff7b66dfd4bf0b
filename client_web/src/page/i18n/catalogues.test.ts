import { describe, expect, it } from 'vitest';
import { LANGUAGES } from './language';
import { english } from './english';

/** The texts of a catalogue by their paths; functions as they are. */
function entries(catalogue: object, path = ''): [string, unknown][] {
  return Object.entries(catalogue).flatMap(([name, value]): [string, unknown][] =>
    typeof value === 'object' && value !== null ? entries(value as object, `${path}${name}.`) : [[path + name, value]],
  );
}

describe.each(Object.entries(LANGUAGES))('%s', (tag, { load }) => {
  it('says something everywhere, and names what it is given', async () => {
    const found = new Map(entries(await load()));
    for (const [path, original] of entries(english)) {
      const value = found.get(path);
      if (typeof original !== 'function') {
        expect(value, path).toMatch(/\S/);
        continue;
      }
      const given = Array.from({ length: original.length }, (_, index) => 17 + index);
      const said = (value as (...given: number[]) => string)(...given);
      for (const each of given) expect(said, path).toContain(String(each));
    }
  });

  it('names buttons by what is written on them', async () => {
    const { people } = await load();
    for (const action of ['mute', 'remove', 'admit', 'refuse'] as const) {
      expect(people[`${action}Label`]('17').toLowerCase()).toContain(people[action].toLowerCase());
    }
  });

  it('is no copy of English', async () => {
    const same = entries(await load()).filter(([path, value]) => value === new Map(entries(english)).get(path));
    if (tag !== 'en') expect(same.length).toBeLessThan(12);
  });
});
