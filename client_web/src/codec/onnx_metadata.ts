import { CodecError } from './errors';

const METADATA_PROPS = 14;
const KEY = 1;
const VALUE = 2;

/**
 * Returns an ONNX model's `metadata_props`, which onnxruntime-web does not show (onnx.proto3, ModelProto).
 *
 * Throws `CodecError` `model-refused` if the file is not a protocol buffer.
 */
export function readOnnxMetadata(model: Uint8Array): Map<string, string> {
  const metadata = new Map<string, string>();
  for (const { field, content } of readFields(model)) {
    if (field !== METADATA_PROPS) continue;
    const entry = new Map(readFields(content).map((part) => [part.field, new TextDecoder().decode(part.content)]));
    metadata.set(entry.get(KEY) ?? '', entry.get(VALUE) ?? '');
  }
  return metadata;
}

/** Returns the length-delimited fields of a message; others are skipped. */
function readFields(message: Uint8Array): { field: number; content: Uint8Array }[] {
  const fields: { field: number; content: Uint8Array }[] = [];
  let position = 0;
  const readVarint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = message[position++];
      if (byte === undefined || factor > 2 ** 63)
        throw new CodecError('model-refused', 'an ONNX file is cut or not ONNX');
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  while (position < message.length) {
    const tag = readVarint();
    const field = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        readVarint();
        break;
      case 1:
        position += 8;
        break;
      case 2: {
        const length = readVarint();
        fields.push({ field, content: message.subarray(position, position + length) });
        position += length;
        break;
      }
      case 5:
        position += 4;
        break;
      default:
        throw new CodecError('model-refused', `an ONNX file has wire type ${tag % 8}, it is cut or not ONNX`);
    }
  }
  if (position !== message.length) throw new CodecError('model-refused', 'an ONNX file is cut');
  return fields;
}
