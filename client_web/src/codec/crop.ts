/** The square of the camera picture that is sent: about twice the face, and still while the head is. */
import { SURFACE, type Landmarks } from './motion';

const SIDE_PER_FACE = 2.2;
const RAISE = 0.04;
const LARGEST_DRIFT = 0.14;
const LARGEST_GROWTH = 1.3;
const SMALLEST_SIDE = 16;

/** A square in pixels of the camera picture, always inside it. */
export interface Crop {
  left: number;
  top: number;
  side: number;
}

/** Returns landmarks in pixels of the camera picture as crop units (the crop spans −1…1). */
export function toCropUnits(crop: Crop, landmarks: Landmarks): Landmarks {
  const half = crop.side / 2;
  const centre = [crop.left + half, crop.top + half, 0];
  return landmarks.map((value, index) => (value - (centre[index % 3] ?? 0)) / half);
}

/** Keeps the crop where it is until the face leaves its middle or changes size. */
export class StableCrop {
  crop: Crop | null = null;

  /** Returns the crop for a face with these landmarks in pixels, and whether it has just jumped. */
  update(landmarks: Landmarks, width: number, height: number): { crop: Crop; jumped: boolean } {
    const horizontal = extent(landmarks, 0);
    const vertical = extent(landmarks, 1);
    const side = SIDE_PER_FACE * Math.max(horizontal.high - horizontal.low, vertical.high - vertical.low);
    const centreX = (horizontal.low + horizontal.high) / 2;
    const centreY = (vertical.low + vertical.high) / 2 - RAISE * side;
    const wanted = place(centreX, centreY, side, width, height);
    const current = this.crop;
    if (current !== null) {
      const offset = (wanted.side - current.side) / 2;
      const drift = Math.max(
        Math.abs(wanted.left + offset - current.left),
        Math.abs(wanted.top + offset - current.top),
      );
      const growth = Math.max(wanted.side / current.side, current.side / wanted.side);
      if (drift <= LARGEST_DRIFT * current.side && growth <= LARGEST_GROWTH) return { crop: current, jumped: false };
    }
    this.crop = wanted;
    return { crop: wanted, jumped: true };
  }
}

function extent(landmarks: Landmarks, axis: 0 | 1): { low: number; high: number } {
  let low = Infinity;
  let high = -Infinity;
  for (let point = 0; point < SURFACE; point++) {
    const value = landmarks[3 * point + axis] ?? 0;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return { low, high };
}

function place(centreX: number, centreY: number, side: number, width: number, height: number): Crop {
  const pixels = Math.min(Math.max(SMALLEST_SIDE, Math.round(side)), width, height);
  return {
    left: inside(Math.round(centreX - pixels / 2), pixels, width),
    top: inside(Math.round(centreY - pixels / 2), pixels, height),
    side: pixels,
  };
}

/** Moves a span into what is available. */
function inside(start: number, pixels: number, available: number): number {
  return Math.min(Math.max(start, 0), available - pixels);
}
