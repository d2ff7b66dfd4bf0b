/** What a shared screen looks like on the wire (docs/wire-format.md, "Screen update"). */
import { MAX_UPDATE_BYTES } from '../call/screen_delivery';
import { WireError } from '../codec/errors';
import { PICTURE_CODEC } from '../codec/intra_picture';

/** Screens are sent in squares of so many pixels; those at the right and bottom edge reach beyond it. */
export const TILE_SIDE = 128;
/** Width and height of a screen as it is sent, pixels. */
export const SMALLEST_SCREEN = 64;
export const LARGEST_SCREEN = 2_048;
export const MAX_TILES = 64;
export const MAX_TILE_BYTES = 16_384;

/** `settled` counts in these. */
export const SETTLED = 255;

const VERSION = 1;
const HEADER_BYTES = 7;
const TILE_HEADER_BYTES = 4;

/** Pictures that stand alone; each tile is one. */
export type TileCodec = Exclude<(typeof PICTURE_CODEC)[keyof typeof PICTURE_CODEC], typeof PICTURE_CODEC.av1Next>;

export interface ScreenTile {
  column: number;
  row: number;
  picture: Uint8Array;
}

/** Some tiles of a screen, those that have changed or got better. */
export interface ScreenUpdate {
  codec: TileCodec;
  /** Modulo 256, consecutive. */
  number: number;
  /** Of the whole screen, pixels; another size than before begins a new picture. */
  width: number;
  height: number;
  /** The share of the screen's tiles that are as good as they will be, after this update: 0 to 255. */
  settled: number;
  tiles: readonly ScreenTile[];
}

/** How many columns and rows of tiles a screen has. */
export function gridOf({ width, height }: { width: number; height: number }): { columns: number; rows: number } {
  return { columns: Math.ceil(width / TILE_SIDE), rows: Math.ceil(height / TILE_SIDE) };
}

/** How many bytes a tile takes in an update. */
export function tileBytes(picture: Uint8Array): number {
  return TILE_HEADER_BYTES + picture.length;
}

/** Writes an update; what it holds must be within the bounds above. */
export function serialiseScreenUpdate(update: ScreenUpdate): Uint8Array {
  const length = update.tiles.reduce((total, { picture }) => total + tileBytes(picture), HEADER_BYTES);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  bytes.set([(VERSION << 4) | update.codec, update.number]);
  view.setUint16(2, update.width);
  view.setUint16(4, update.height);
  bytes[6] = update.settled;
  let offset = HEADER_BYTES;
  for (const { column, row, picture } of update.tiles) {
    bytes.set([column, row], offset);
    view.setUint16(offset + 2, picture.length);
    bytes.set(picture, offset + TILE_HEADER_BYTES);
    offset += tileBytes(picture);
  }
  return bytes;
}

/**
 * Parses an update.
 * @throws {WireError} if it breaks the format or its bounds, or if a tile lies outside the screen or comes twice.
 */
export function parseScreenUpdate(bytes: Uint8Array): ScreenUpdate {
  if (bytes.length <= HEADER_BYTES || bytes.length > MAX_UPDATE_BYTES) {
    throw new WireError(`a screen update of ${bytes.length} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [first, number, width, height] = [view.getUint8(0), view.getUint8(1), view.getUint16(2), view.getUint16(4)];
  const codec = ([PICTURE_CODEC.av1, PICTURE_CODEC.webp, PICTURE_CODEC.jpeg] as const).find((one) => one === (first & 15));
  if (first >> 4 !== VERSION || codec === undefined) throw new WireError(`a screen update that begins with ${first}`);
  for (const length of [width, height]) {
    if (length < SMALLEST_SCREEN || length > LARGEST_SCREEN) throw new WireError(`a screen of ${width} × ${height} pixels`);
  }
  return { codec, number, width, height, settled: view.getUint8(6), tiles: parseTiles(view, { width, height }) };
}

function parseTiles(view: DataView, screen: { width: number; height: number }): ScreenTile[] {
  const { columns, rows } = gridOf(screen);
  const tiles: ScreenTile[] = [];
  const seen = new Set<number>();
  for (let offset = HEADER_BYTES; offset < view.byteLength; ) {
    if (offset + TILE_HEADER_BYTES > view.byteLength) throw new WireError('a screen update is cut in a tile’s header');
    const [column, row, length] = [view.getUint8(offset), view.getUint8(offset + 1), view.getUint16(offset + 2)];
    const place = row * columns + column;
    if (column >= columns || row >= rows || seen.has(place)) {
      throw new WireError(`a screen tile at ${column}, ${row} of ${columns} × ${rows} that is outside, or there already`);
    }
    const begin = offset + TILE_HEADER_BYTES;
    if (length === 0 || length > MAX_TILE_BYTES || begin + length > view.byteLength || tiles.length === MAX_TILES) {
      throw new WireError(`a screen tile of ${length} bytes as number ${tiles.length + 1}`);
    }
    seen.add(place);
    tiles.push({ column, row, picture: new Uint8Array(view.buffer, view.byteOffset + begin, length) });
    offset = begin + length;
  }
  return tiles;
}
