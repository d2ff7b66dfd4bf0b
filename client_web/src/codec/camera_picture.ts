import type { Crop } from './crop';
import type { CameraPicture } from './encoder';
import { CodecError } from './errors';
import { encodePicture, type CodedPicture } from './intra_picture';
import type { EncoderSettings } from './settings';

/** A frame of the camera as the encoder takes it. The caller closes the frame. */
export class CameraFrame implements CameraPicture {
  readonly width: number;
  readonly height: number;

  constructor(private readonly frame: VideoFrame) {
    this.width = frame.displayWidth;
    this.height = frame.displayHeight;
  }

  code(crop: Crop, settings: EncoderSettings): Promise<CodedPicture> {
    return encodePicture(this.cut(crop, settings.pictureSide), settings.keyframeQuantiser, settings.keyframeBytes);
  }

  /** Returns the square of the picture at `side` × `side` pixels, its border repeated where the square leaves it. */
  private cut(crop: Crop, side: number): ImageData {
    const scale = side / crop.side;
    const left = Math.max(0, crop.left);
    const top = Math.max(0, crop.top);
    const width = Math.min(this.width, crop.left + crop.side) - left;
    const height = Math.min(this.height, crop.top + crop.side) - top;
    const x = Math.round((left - crop.left) * scale);
    const y = Math.round((top - crop.top) * scale);
    const scaledWidth = Math.round((left - crop.left + width) * scale) - x;
    const scaledHeight = Math.round((top - crop.top + height) * scale) - y;
    const context = new OffscreenCanvas(side, side).getContext('2d', { willReadFrequently: true });
    if (context === null) throw new CodecError('no-webcodecs', 'this browser gives its workers no 2-D canvas');
    context.imageSmoothingQuality = 'high';
    context.drawImage(this.frame, left, top, width, height, x, y, scaledWidth, scaledHeight);
    const picture = context.getImageData(0, 0, side, side);
    repeatBorder(picture, x, y, x + scaledWidth, y + scaledHeight);
    return picture;
  }
}

/** Fills what lies outside the rectangle with the nearest pixel inside it. */
function repeatBorder({ data, width, height }: ImageData, left: number, top: number, right: number, bottom: number): void {
  if (left === 0 && top === 0 && right === width && bottom === height) return;
  const pixels = new Uint32Array(data.buffer);
  for (let y = 0; y < height; y++) {
    const row = Math.min(Math.max(y, top), bottom - 1) * width;
    for (let x = 0; x < width; x++) {
      pixels[y * width + x] = pixels[row + Math.min(Math.max(x, left), right - 1)] ?? 0;
    }
  }
}
