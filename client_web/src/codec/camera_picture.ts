import type { Crop } from './crop';
import type { CameraPicture } from './encoder';
import { CodecError } from './errors';

/** A frame of the camera as the encoder takes it. The caller closes the frame. */
export class CameraFrame implements CameraPicture {
  readonly width: number;
  readonly height: number;

  constructor(private readonly frame: VideoFrame) {
    this.width = frame.displayWidth;
    this.height = frame.displayHeight;
  }

  cut(crop: Crop, side: number): ImageData {
    const context = new OffscreenCanvas(side, side).getContext('2d', { willReadFrequently: true });
    if (context === null) throw new CodecError('no-webcodecs', 'this browser gives its workers no 2-D canvas');
    context.imageSmoothingQuality = 'high';
    context.drawImage(this.frame, crop.left, crop.top, crop.side, crop.side, 0, 0, side, side);
    return context.getImageData(0, 0, side, side);
  }
}
