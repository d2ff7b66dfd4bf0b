/** What of a screen has changed, and what of it is to be sent next. */
import { gridOf, SETTLED, TILE_SIDE } from './screen_update';

/** How well a tile is coded: first so that it is there, then so that small print can be read. */
export type TileQuality = 'coarse' | 'fine';

/** A tile that is to be coded and sent. */
export interface DueTile {
  column: number;
  row: number;
  /** The others have nothing of it as it is now; otherwise it is only to get better. */
  isMissing: boolean;
  picture: ImageData;
}

/** Channels that differ by no more look the same: captured screens are dithered and scaled. */
const SAME_WITHIN = 6;

/** The pixels of a screen as they were last sent, in tiles. */
export class TileGrid {
  readonly columns: number;
  readonly rows: number;
  private readonly pixels: ImageData;
  /** How well each tile is with the others, row by row. */
  private readonly sent: (TileQuality | 'nothing')[];

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    ({ columns: this.columns, rows: this.rows } = gridOf({ width, height }));
    this.pixels = new ImageData(width, height);
    this.sent = Array.from({ length: this.columns * this.rows }, () => 'nothing' as const);
  }

  /** Takes a picture of the screen, `width` × `height`: tiles that look otherwise than they were sent are due again. */
  take(screen: ImageData): void {
    for (let place = 0; place < this.sent.length; place += 1) {
      const isUnseen = this.sent[place] === 'nothing';
      if (!isUnseen && !this.differs(place, screen)) continue;
      this.copy(place, screen);
      this.sent[place] = 'nothing';
    }
  }

  /** The tile to be sent next; `null` if everything is with the others as it is. */
  next(): DueTile | null {
    const missing = this.sent.indexOf('nothing');
    const place = missing >= 0 ? missing : this.sent.indexOf('coarse');
    if (place < 0) return null;
    const [column, row] = [place % this.columns, Math.floor(place / this.columns)];
    return { column, row, isMissing: missing >= 0, picture: this.cut(place) };
  }

  /** A tile, as it was last taken, is on its way to the others. */
  noteSent({ column, row }: { column: number; row: number }, quality: TileQuality): void {
    this.sent[row * this.columns + column] = quality;
  }

  /** The share of tiles that are as good as they will be, 0 to 255. */
  get settled(): number {
    return Math.floor((SETTLED * this.sent.filter((quality) => quality === 'fine').length) / this.sent.length);
  }

  private differs(place: number, screen: ImageData): boolean {
    for (const [begin, end] of this.lines(place)) {
      for (let at = begin; at < end; at += 1) {
        if (Math.abs((screen.data[at] ?? 0) - (this.pixels.data[at] ?? 0)) > SAME_WITHIN) return true;
      }
    }
    return false;
  }

  private copy(place: number, screen: ImageData): void {
    for (const [begin, end] of this.lines(place)) this.pixels.data.set(screen.data.subarray(begin, end), begin);
  }

  /** A tile's own pixels; beyond the edge the last ones go on, which costs a coder least. */
  private cut(place: number): ImageData {
    const tile = new ImageData(TILE_SIDE, TILE_SIDE);
    const lines = [...this.lines(place)];
    for (let y = 0; y < TILE_SIDE; y += 1) {
      const [begin, end] = lines[Math.min(y, lines.length - 1)]!;
      tile.data.set(this.pixels.data.subarray(begin, end), 4 * TILE_SIDE * y);
      const last = this.pixels.data.subarray(end - 4, end);
      for (let x = (end - begin) / 4; x < TILE_SIDE; x += 1) tile.data.set(last, 4 * (TILE_SIDE * y + x));
    }
    return tile;
  }

  /** Where a tile's lines begin and end among the bytes of the screen. */
  private *lines(place: number): Generator<[number, number]> {
    const left = (place % this.columns) * TILE_SIDE;
    const top = Math.floor(place / this.columns) * TILE_SIDE;
    const right = Math.min(left + TILE_SIDE, this.width);
    for (let y = top; y < Math.min(top + TILE_SIDE, this.height); y += 1) {
      yield [4 * (y * this.width + left), 4 * (y * this.width + right)];
    }
  }
}
