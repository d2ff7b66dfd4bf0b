import { signal } from '@preact/signals-core';
import { WireError } from '../codec/errors';
import { gridOf, parseScreenUpdate, SETTLED, TILE_SIDE, type ScreenUpdate } from './screen_update';
import { decodeTile } from './tile_coder';

/** Updates that wait to be decoded; a sender that floods loses what goes beyond. */
const MOST_WAITING = 32;

/** Somebody else's screen, drawn from its updates. */
export class ScreenView {
  readonly canvas = document.createElement('canvas');
  /** The share of the screen that is as good as it will be, 0 to 1; `null` before anything has come. */
  readonly settled = signal<number | null>(null);
  /** When anything last came, `performance.now()`. */
  readonly updatedMs = signal(0);
  /** Updates that broke the format, or were too many. */
  rejected = 0;
  /** Tiles of which anything has come, row by row. */
  private readonly seen = new Set<number>();
  private waiting = 0;
  private work: Promise<void> = Promise.resolve();

  /** Draws an update, after those before it. */
  push(update: Uint8Array): void {
    if (this.waiting >= MOST_WAITING) {
      this.rejected += 1;
      return;
    }
    this.waiting += 1;
    this.work = this.work.then(() => this.draw(update)).finally(() => (this.waiting -= 1));
  }

  private async draw(bytes: Uint8Array): Promise<void> {
    try {
      const update = parseScreenUpdate(bytes);
      const pictures = await Promise.all(update.tiles.map(({ picture }) => decodeTile(update.codec, picture)));
      this.fit(update);
      const context = this.canvas.getContext('2d');
      const { columns, rows } = gridOf(update);
      update.tiles.forEach(({ column, row }, index) => {
        context?.putImageData(pictures[index]!, column * TILE_SIDE, row * TILE_SIDE);
        this.seen.add(row * columns + column);
      });
      // Whoever came late has not seen all that has settled.
      this.settled.value = Math.min(update.settled / SETTLED, this.seen.size / (columns * rows));
      this.updatedMs.value = performance.now();
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.rejected += 1;
    }
  }

  private fit({ width, height }: ScreenUpdate): void {
    if (this.canvas.width === width && this.canvas.height === height) return;
    this.canvas.width = width;
    this.canvas.height = height;
    this.seen.clear();
  }
}
