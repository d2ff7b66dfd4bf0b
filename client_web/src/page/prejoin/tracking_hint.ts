import type { TrackingStatus } from '../../codec';
import type { LocalMedia } from '../../media/local_media';
import type { Messages } from '../i18n/english';

/** What stands between this camera picture and a good rendering; `null` if nothing does. */
export type TrackingFault = 'no-face' | 'too-far' | 'too-dark' | 'at-the-edge';

/** A crop this small, as a share of the picture's height, gives the keyframes too few pixels of face. */
const SMALLEST_CROP_SHARE = 0.42;
/** Mean luminance, 0–255, below which a camera's noise hides the face's texture. */
const DARKEST = 48;

/**
 * Judges what the tracker sees.
 * @param luminance the camera picture's mean, 0–255; `null` before it was measured.
 * @param height the camera picture's, pixels.
 */
export function trackingFault(
  { state, crop }: Pick<TrackingStatus, 'state' | 'crop'>,
  luminance: number | null,
  picture: { width: number; height: number },
): TrackingFault | null {
  const isDark = luminance !== null && luminance < DARKEST;
  if (state === 'no-face') return isDark ? 'too-dark' : 'no-face';
  if (state !== 'face' || crop === null) return null;
  if (crop.side < SMALLEST_CROP_SHARE * picture.height) return 'too-far';
  if (isDark) return 'too-dark';
  const touchesSide = crop.left <= 0 || crop.left + crop.side >= picture.width;
  return touchesSide && crop.side < 0.9 * picture.height ? 'at-the-edge' : null;
}

/** What the chip on our own picture says, and how it looks. */
export function trackingText(
  media: LocalMedia,
  fault: TrackingFault | null,
  t: Messages['tracking'],
): { text: string; tone: 'good' | 'wait' | 'fault' } {
  if (media.codecProblem.value !== null) return { text: t.notSent, tone: 'fault' };
  if (!media.cameraOn.value) return { text: t.cameraOff, tone: 'wait' };
  if (fault !== null) return { text: t[fault], tone: 'fault' };
  const tracking = media.tracking.value;
  if (tracking?.state === 'face') return { text: t.tracked(Math.round(tracking.fps)), tone: 'good' };
  return { text: t.loading, tone: 'wait' };
}
