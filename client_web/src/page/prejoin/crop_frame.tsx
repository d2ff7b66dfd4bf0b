import type { TrackingStatus } from '../../codec';
import { messages } from '../i18n/language';

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
export function CropFrame({ crop, video }: { crop: Crop | null; video: HTMLVideoElement }) {
  const { videoWidth, videoHeight, clientWidth, clientHeight } = video;
  if (crop === null || videoWidth === 0 || clientWidth === 0) return null;
  const picture = { width: videoWidth, height: videoHeight };
  const { left, top, side } = mirroredPlace(crop, picture, { width: clientWidth, height: clientHeight });
  const style = { left: `${left}px`, top: `${top}px`, width: `${side}px`, height: `${side}px` };
  return <div class="crop-frame" title={messages.value.prejoin.cropTitle} style={style} />;
}
