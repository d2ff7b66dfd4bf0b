/** Tiles to pictures and back. */
import { WireError } from '../codec/errors';
import { decodePicture, PICTURE_CODEC, type CodedPicture } from '../codec/intra_picture';
import { PictureStreamEncoder } from '../codec/picture_stream_encoder';
import { DEFAULT_SETTINGS } from '../codec/settings';
import { jpegSize, webpSize } from './picture_size';
import { MAX_TILE_BYTES, TILE_SIDE, type TileCodec } from './screen_update';
import type { TileQuality } from './tile_grid';

/** AV1 quantiser indices, 0 (best) to 255. */
const QUANTISERS: Record<TileQuality, number> = { coarse: 200, fine: 120 };

/** A coded tile. */
export interface CodedTile extends CodedPicture {
  codec: TileCodec;
}

/** Codes tiles as AV1 intra pictures; where this browser has no AV1 encoder as WebP or JPEG. */
export class TileEncoder {
  private readonly encoders: Record<TileQuality, PictureStreamEncoder> = {
    coarse: encoderOf(QUANTISERS.coarse),
    fine: encoderOf(QUANTISERS.fine),
  };

  /** Codes one tile. Throws `CodecError` `no-webcodecs`. */
  async encode(tile: ImageData, quality: TileQuality): Promise<CodedTile> {
    return (await this.encoders[quality].encode(tile, true)) as CodedTile;
  }
}

function encoderOf(keyframeQuantiser: number): PictureStreamEncoder {
  return new PictureStreamEncoder({ ...DEFAULT_SETTINGS, keyframeQuantiser, keyframeBytes: MAX_TILE_BYTES }, 'text');
}

/** Decodes a tile. Throws `WireError` if it is not a picture of that codec and of a tile's size. */
export async function decodeTile(codec: TileCodec, picture: Uint8Array): Promise<ImageData> {
  // An AV1 picture's size is looked at where it is unpacked.
  if (codec !== PICTURE_CODEC.av1) {
    const { width, height } = codec === PICTURE_CODEC.webp ? webpSize(picture) : jpegSize(picture);
    if (width !== TILE_SIDE || height !== TILE_SIDE) throw new WireError(`a screen tile of ${width} × ${height} pixels`);
  }
  return decodePicture({ codec, bytes: picture }, TILE_SIDE, TILE_SIDE);
}
