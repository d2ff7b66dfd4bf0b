import { describe, expect, it } from 'vitest';
import { trackingFault } from './tracking_hint';

const PICTURE = { width: 640, height: 480 };

describe('trackingFault', () => {
  it.each([
    ['nothing', { left: 200, top: 60, side: 260 }, 120, null],
    ['a face far away', { left: 250, top: 100, side: 150 }, 120, 'too-far'],
    ['little light', { left: 200, top: 60, side: 260 }, 30, 'too-dark'],
    ['a face at the edge', { left: 0, top: 60, side: 260 }, 120, 'at-the-edge'],
    ['a face so near that its square fills the picture', { left: 0, top: 0, side: 480 }, 120, null],
    ['nothing before the light was measured', { left: 200, top: 60, side: 260 }, null, null],
  ])('says %s', (_, crop, luminance, fault) => {
    expect(trackingFault({ state: 'face', crop }, luminance, PICTURE)).toBe(fault);
  });

  it('asks for light rather than for a face where it is dark', () => {
    expect(trackingFault({ state: 'no-face', crop: null }, 20, PICTURE)).toBe('too-dark');
    expect(trackingFault({ state: 'no-face', crop: null }, 90, PICTURE)).toBe('no-face');
    expect(trackingFault({ state: 'starting', crop: null }, 90, PICTURE)).toBeNull();
  });
});
