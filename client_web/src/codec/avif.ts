/** AVIF files (AV1 Image File Format 1.1 over ISO/IEC 23008-12) around the bare AV1 intra pictures of the wire. */
import { checkIntraUnit } from './av1';

const PRIMARIES_BT709 = 1;
const TRANSFER_SRGB = 13;
const MATRIX_BT601 = 6;

/**
 * Returns the AVIF file of one square AV1 picture (8-bit 4:2:0, BT.601, limited range).
 *
 * `side` is in pixels. Throws `WireError` where the picture does not begin as an AV1 main-profile picture of that size.
 */
export function wrapAvif(temporalUnit: Uint8Array, side: number): Uint8Array<ArrayBuffer> {
  const { sequence, bytes: picture } = checkIntraUnit(temporalUnit, side);
  const fileType = box('ftyp', text('avif'), uint32(0), text('avif'), text('mif1'), text('miaf'));
  const configuration = box('av1C', [0x81, sequence.level, (sequence.tier << 7) | 0x0c, 0]);
  const properties = box(
    'ipco',
    fullBox('ispe', uint32(side), uint32(side)),
    fullBox('pixi', [3, 8, 8, 8]),
    configuration,
    box('colr', text('nclx'), uint16(PRIMARIES_BT709), uint16(TRANSFER_SRGB), uint16(MATRIX_BT601), [0]),
  );
  const essential = 0x80;
  const associations = fullBox('ipma', uint32(1), uint16(1), [4, 1, 2, 3 | essential, 4]);
  const meta = (pictureOffset: number): Uint8Array =>
    fullBox(
      'meta',
      fullBox('hdlr', uint32(0), text('pict'), new Uint8Array(13)),
      fullBox('pitm', uint16(1)),
      fullBox(
        'iloc',
        [0x44, 0],
        uint16(1),
        uint16(1),
        uint16(0),
        uint16(1),
        uint32(pictureOffset),
        uint32(picture.length),
      ),
      fullBox('iinf', uint16(1), infoEntry()),
      box('iprp', properties, associations),
    );
  const boxHeader = 8;
  const pictureOffset = fileType.length + meta(0).length + boxHeader;
  return concatenate([fileType, meta(pictureOffset), box('mdat', picture)]);
}

function infoEntry(): Uint8Array {
  const version = 2;
  return box('infe', [version, 0, 0, 0], uint16(1), uint16(0), text('av01'), [0]);
}

type Bytes = Uint8Array | number[];

function box(type: string, ...content: Bytes[]): Uint8Array<ArrayBuffer> {
  const body = concatenate(content);
  return concatenate([uint32(body.length + 8), text(type), body]);
}

function fullBox(type: string, ...content: Bytes[]): Uint8Array<ArrayBuffer> {
  return box(type, [0, 0, 0, 0], ...content);
}

function text(characters: string): number[] {
  return Array.from(characters, (character) => character.charCodeAt(0));
}

function uint16(value: number): number[] {
  return [value >>> 8, value & 0xff];
}

function uint32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

function concatenate(parts: Bytes[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
