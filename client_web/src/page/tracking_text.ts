import type { LocalMedia } from '../media/local_media';

/** What the chip on our own picture says, and how it looks. */
export function trackingText(media: LocalMedia): { text: string; tone: 'good' | 'wait' | 'fault' } {
  if (media.codecProblem !== null) return { text: 'Your face is not sent', tone: 'fault' };
  if (!media.cameraOn) return { text: 'Camera off', tone: 'wait' };
  switch (media.tracking?.state) {
    case 'face':
      return { text: `Face tracked · ${Math.round(media.tracking.fps)} a second`, tone: 'good' };
    case 'no-face':
      return { text: 'No face in the picture', tone: 'fault' };
    default:
      return { text: 'Loading face tracking…', tone: 'wait' };
  }
}
