import { describe, expect, it } from 'vitest';
import { mirroredPlace } from './crop_frame';

describe('mirroredPlace', () => {
  const picture = { width: 640, height: 480 };

  it('mirrors within a box of the same shape', () => {
    expect(mirroredPlace({ left: 0, top: 100, side: 200 }, picture, { width: 320, height: 240 })).toEqual({
      left: 220,
      top: 50,
      side: 100,
    });
  });

  it('allows for what the box cuts off', () => {
    expect(mirroredPlace({ left: 220, top: 0, side: 200 }, picture, { width: 640, height: 240 })).toEqual({
      left: 220,
      top: -120,
      side: 200,
    });
  });
});
