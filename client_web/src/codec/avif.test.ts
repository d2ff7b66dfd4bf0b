import { describe, expect, it } from 'vitest';
import { pseudoRandom } from '../testing/pseudo_random';
import { readSequenceHeader, stripTemporalUnit } from './av1';
import { wrapAvif } from './avif';
import { WireError } from './errors';

/** A sequence header for 256 × 256 as libaom writes it, and a frame of no meaning. */
const SEQUENCE_HEADER = [0x0a, 0x0d, 0, 0, 0, 3, 0xbf, 0xff, 0xf8, 0x03, 0x44, 0x04, 0x34, 0x18, 0x10];
const FRAME = [0x32, 3, 1, 2, 3];
const TEMPORAL_DELIMITER = [0x12, 0];
const PICTURE = Uint8Array.of(...SEQUENCE_HEADER, ...FRAME);

interface Box {
  type: string;
  body: Uint8Array;
}

function readBoxes(data: Uint8Array): Box[] {
  const boxes: Box[] = [];
  for (let offset = 0; offset < data.length;) {
    const view = new DataView(data.buffer, data.byteOffset + offset);
    const length = view.getUint32(0);
    boxes.push({
      type: String.fromCharCode(...data.subarray(offset + 4, offset + 8)),
      body: data.subarray(offset + 8, offset + length),
    });
    offset += length;
  }
  return boxes;
}

describe('wrapAvif', () => {
  it('writes the boxes of a still picture, and the item points at the picture', () => {
    const file = wrapAvif(PICTURE, 256);
    const [fileType, meta, data, ...others] = readBoxes(file);
    expect([fileType?.type, meta?.type, data?.type, others]).toEqual(['ftyp', 'meta', 'mdat', []]);
    const inner = readBoxes(meta?.body.subarray(4) ?? new Uint8Array());
    expect(inner.map(({ type }) => type)).toEqual(['hdlr', 'pitm', 'iloc', 'iinf', 'iprp']);
    const location = inner[2]?.body ?? new Uint8Array();
    const view = new DataView(location.buffer, location.byteOffset, location.byteLength);
    const [offset, length] = [view.getUint32(14), view.getUint32(18)];
    expect(file.subarray(offset, offset + length)).toEqual(PICTURE);
    const properties = readBoxes(readBoxes(inner[4]?.body ?? new Uint8Array())[0]?.body ?? new Uint8Array());
    expect(properties.map(({ type }) => type)).toEqual(['ispe', 'pixi', 'av1C', 'colr']);
    expect([...(properties[3]?.body ?? [])]).toEqual([0x6e, 0x63, 0x6c, 0x78, 0, 1, 0, 13, 0, 6, 0]);
  });

  it('leaves the temporal delimiter out', () => {
    expect(wrapAvif(Uint8Array.of(...TEMPORAL_DELIMITER, ...PICTURE), 256)).toEqual(wrapAvif(PICTURE, 256));
  });

  it('refuses a picture of another size', () => {
    expect(() => wrapAvif(PICTURE, 512)).toThrow(/256 × 256 in a keyframe of side 512/);
  });
});

describe('AV1 units', () => {
  it('reads the sequence header', () => {
    expect(readSequenceHeader(PICTURE)).toMatchObject({ profile: 0, maximumWidth: 256, maximumHeight: 256 });
  });

  it('refuses what is cut or has no frame', () => {
    for (let length = 0; length < PICTURE.length; length++) {
      expect(() => readSequenceHeader(PICTURE.subarray(0, length))).toThrow(WireError);
    }
    expect(() => readSequenceHeader(Uint8Array.of(...FRAME, ...SEQUENCE_HEADER))).toThrow(WireError);
  });

  it('takes 2 000 damaged pictures without failing otherwise than it says', () => {
    const random = pseudoRandom(5);
    for (let round = 0; round < 2000; round++) {
      const data = PICTURE.slice(0, 1 + random(PICTURE.length));
      if (round % 4 === 0) data.forEach((_, index) => (data[index] = random(256)));
      data[random(data.length)] = random(256);
      try {
        readSequenceHeader(stripTemporalUnit(data));
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
      }
    }
  });
});
