import { CodecError } from '../codec/errors';
import {
  gridOf,
  LARGEST_SCREEN,
  MAX_TILES,
  serialiseScreenUpdate,
  SMALLEST_SCREEN,
  tileBytes,
  type ScreenTile,
  type TileCodec,
} from './screen_update';
import { TileEncoder, type CodedTile } from './tile_coder';
import { TileGrid, type DueTile } from './tile_grid';

/** Where a screen's updates go. */
export interface ScreenOutlet {
  /** How many updates wait to go out to a participant, or to anybody (0). */
  waiting(recipient: number): number;
  send(recipient: number, update: Uint8Array): void;
}

/** Why a screen is not shared: the person did not want to, or it cannot be captured here. */
export type ShareProblem = 'refused' | 'unsupported';

const EVERYBODY = 0;
/** The longer side of what is sent: smaller, and the letters of a usual desktop cannot be read. */
const LONGER_SIDE = 1_280;
const CAPTURE_INTERVAL_MS = 1_000;
const STEP_MS = 100;
/** An update ends when it has grown to this, so that what is newest never waits long. */
const UPDATE_BYTES = 1_500;
/** Updates that are made while others still go out: coding must not hold up the link. */
const MOST_AHEAD = 1;
/** A tile that needs more to be fine is sent coarse first: pictures, not letters. */
const FINE_AT_ONCE_BYTES = 2_500;

/** Shares a screen as still pictures: looks at it once a second and sends the tiles that have changed, as the link takes them. */
export class ScreenShare {
  /** The person has ended it, here or with the browser's own button, or what was shared is gone. */
  onEnd: () => void = () => {};
  private readonly video = document.createElement('video');
  private readonly encoder = new TileEncoder();
  private readonly timer: ReturnType<typeof setInterval>;
  private grid: TileGrid | null = null;
  /** What the others have of each tile, for those who come later. */
  private sent = new Map<number, { codec: TileCodec; tile: ScreenTile }>();
  private capturedMs = -Infinity;
  private number = 0;
  private busy = false;

  private constructor(
    private readonly track: MediaStreamTrack,
    private readonly outlet: ScreenOutlet,
  ) {
    this.video.muted = true;
    this.video.srcObject = new MediaStream([track]);
    void this.video.play();
    track.onended = () => this.stop();
    this.timer = setInterval(() => void this.step(), STEP_MS);
  }

  /** Whether this browser can capture screens at all. */
  static isAvailable(): boolean {
    return 'mediaDevices' in navigator && 'getDisplayMedia' in navigator.mediaDevices;
  }

  /** Asks the person what to share (W3C screen-capture, `getDisplayMedia`). To be called on a click. */
  static async begin(outlet: ScreenOutlet): Promise<ScreenShare | ShareProblem> {
    if (!ScreenShare.isAvailable()) return 'unsupported';
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 5 } }, audio: false });
      const [track] = stream.getVideoTracks();
      return track === undefined ? 'unsupported' : new ScreenShare(track, outlet);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      return error.name === 'NotAllowedError' ? 'refused' : 'unsupported';
    }
  }

  /** Sends somebody all that the others have. */
  sendAll(recipient: number): void {
    if (this.outlet.waiting(recipient) > 0) return;
    const tiles = [...this.sent.values()];
    while (tiles.length > 0) {
      const { codec } = tiles[0]!;
      const together: ScreenTile[] = [];
      let bytes = 0;
      while (tiles[0]?.codec === codec && bytes < UPDATE_BYTES && together.length < MAX_TILES) {
        const { tile } = tiles.shift()!;
        together.push(tile);
        bytes += tileBytes(tile.picture);
      }
      this.send(recipient, codec, together);
    }
  }

  /** Ends it; `onEnd` is called. */
  stop(): void {
    if (this.video.srcObject === null) return;
    clearInterval(this.timer);
    this.track.stop();
    this.video.srcObject = null;
    this.onEnd();
  }

  /** Looks at the screen if it is time, and makes the next update if the link will soon have taken those before. */
  private async step(): Promise<void> {
    if (this.busy || this.outlet.waiting(EVERYBODY) > MOST_AHEAD) return;
    this.busy = true;
    try {
      this.look(performance.now());
      await this.sendNext();
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.stop();
    } finally {
      this.busy = false;
    }
  }

  private look(nowMs: number): void {
    if (nowMs - this.capturedMs < CAPTURE_INTERVAL_MS || this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    this.capturedMs = nowMs;
    const { width, height } = scaled(this.video.videoWidth, this.video.videoHeight);
    if (this.grid?.width !== width || this.grid.height !== height) {
      this.grid = new TileGrid(width, height);
      this.sent.clear();
    }
    this.grid.take(capture(this.video, width, height));
  }

  private async sendNext(): Promise<void> {
    const { grid } = this;
    const tiles: ScreenTile[] = [];
    let codec: TileCodec | null = null;
    let bytes = 0;
    while (grid !== null && bytes < UPDATE_BYTES && tiles.length < MAX_TILES) {
      const due = grid.next();
      if (due === null) break;
      const { column, row } = due;
      const coded = await this.encode(due);
      codec ??= coded.codec;
      const tile = { column, row, picture: coded.bytes };
      this.sent.set(row * gridOf(grid).columns + column, { codec: coded.codec, tile });
      if (coded.codec !== codec) {
        // The encoder was lost in between: what came after goes alone.
        this.send(EVERYBODY, coded.codec, [tile]);
        continue;
      }
      tiles.push(tile);
      bytes += tileBytes(coded.bytes);
    }
    if (codec !== null && this.video.srcObject !== null) this.send(EVERYBODY, codec, tiles);
  }

  private async encode(due: DueTile): Promise<CodedTile> {
    const fine = await this.encoder.encode(due.picture, 'fine');
    const quality = due.isMissing && fine.bytes.length > FINE_AT_ONCE_BYTES ? 'coarse' : 'fine';
    this.grid?.noteSent(due, quality);
    return quality === 'fine' ? fine : this.encoder.encode(due.picture, quality);
  }

  private send(recipient: number, codec: TileCodec, tiles: readonly ScreenTile[]): void {
    const { grid } = this;
    if (grid === null) return;
    const { width, height, settled } = grid;
    this.outlet.send(recipient, serialiseScreenUpdate({ codec, number: this.number, width, height, settled, tiles }));
    this.number = (this.number + 1) % 256;
  }
}

/** A screen's size as it is sent: even, and no larger than it may be. */
function scaled(width: number, height: number): { width: number; height: number } {
  const share = Math.min(1, LONGER_SIDE / Math.max(width, height));
  const fit = (length: number): number =>
    Math.min(LARGEST_SCREEN, Math.max(SMALLEST_SCREEN, 2 * Math.round((share * length) / 2)));
  return { width: fit(width), height: fit(height) };
}

function capture(video: HTMLVideoElement, width: number, height: number): ImageData {
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (context === null) throw new CodecError('no-webcodecs', 'this browser gives no 2-D canvas to read the screen by');
  context.imageSmoothingQuality = 'high';
  context.drawImage(video, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}
