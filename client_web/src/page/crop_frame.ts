import type { TrackingStatus } from '../codec';
import { element } from './dom';

/** A square of the camera picture, in its pixels. */
type Crop = NonNullable<TrackingStatus['crop']>;

/** A place in the page, CSS pixels from the left and top edge of the box. */
export interface Place {
  left: number;
  top: number;
  side: number;
}

/**
 * Where a square of a picture appears in a box that the picture covers, centred and mirrored
 * (CSS `object-fit: cover`, `scaleX(-1)`).
 */
export function mirroredPlace(
  crop: Crop,
  picture: { width: number; height: number },
  box: { width: number; height: number },
): Place {
  const scale = Math.max(box.width / picture.width, box.height / picture.height);
  const left = (box.width - picture.width * scale) / 2 + crop.left * scale;
  const side = crop.side * scale;
  return { left: box.width - left - side, top: (box.height - picture.height * scale) / 2 + crop.top * scale, side };
}

/** The outline, on our own picture, of the square around the face that the others see. */
export class CropFrame {
  readonly node = element('div', { className: 'crop-frame', hidden: true, title: 'The others see this square' });

  constructor(private readonly video: HTMLVideoElement) {}

  /** `null` hides it. */
  show(crop: Crop | null): void {
    const { videoWidth, videoHeight, clientWidth, clientHeight } = this.video;
    this.node.hidden = crop === null || videoWidth === 0 || clientWidth === 0;
    if (crop === null || this.node.hidden) return;
    const place = mirroredPlace(
      crop,
      { width: videoWidth, height: videoHeight },
      { width: clientWidth, height: clientHeight },
    );
    this.node.style.left = `${place.left}px`;
    this.node.style.top = `${place.top}px`;
    this.node.style.width = this.node.style.height = `${place.side}px`;
  }
}
