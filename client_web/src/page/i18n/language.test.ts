import { describe, expect, it } from 'vitest';
import { pickLanguage } from './language';

describe('pickLanguage', () => {
  it.each([
    [['fr-CA', 'en'], 'fr'],
    [[null, 'pt-BR', 'es'], 'es'],
    [['ja'], 'ja'],
    [['xx', null], 'en'],
  ])('of %j takes %s', (wanted, language) => {
    expect(pickLanguage(wanted)).toBe(language);
  });
});
