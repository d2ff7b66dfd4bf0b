const WIDTH = 32;
const HEIGHT = 24;

/** Measures how bright a playing video is. */
export class LuminanceMeter {
  private readonly context = new OffscreenCanvas(WIDTH, HEIGHT).getContext('2d', { willReadFrequently: true });

  /** Mean luminance (BT.601) of the video's present picture, 0–255; `null` before there is one. */
  measure(video: HTMLVideoElement): number | null {
    if (this.context === null || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
    this.context.drawImage(video, 0, 0, WIDTH, HEIGHT);
    const { data } = this.context.getImageData(0, 0, WIDTH, HEIGHT);
    let sum = 0;
    for (let at = 0; at < data.length; at += 4) {
      sum += 0.299 * (data[at] ?? 0) + 0.587 * (data[at + 1] ?? 0) + 0.114 * (data[at + 2] ?? 0);
    }
    return sum / (WIDTH * HEIGHT);
  }
}
