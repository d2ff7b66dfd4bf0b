import { expect, it } from 'vitest';
import { KeyframeConfirmations } from './keyframe_confirmations';

it('says once everybody has a keyframe', () => {
  const confirmations = new KeyframeConfirmations();
  expect(confirmations.add(7, 1, [1, 2])).toBe(false);
  expect(confirmations.add(8, 2, [1, 2])).toBe(false);
  expect(confirmations.add(7, 2, [1, 2])).toBe(true);
  expect(confirmations.add(8, 2, [2])).toBe(true);
});
