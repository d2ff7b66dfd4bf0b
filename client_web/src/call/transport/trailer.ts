/**
 * Bundles behind the sound of an Opus packet, in its padding (docs/wire-format.md, "Trailer"). Mirrors
 * `server/webrtc/trailer.py`: the packet stays one that any Opus decoder plays.
 */
import { CallError } from '../errors';

/** No packet with a trailer is longer, so that it fits one datagram everywhere, sealed too (10 bytes more). */
export const MAX_PACKET_BYTES = 1_140;

const EXTENSION = 122;
const TO_THE_END = EXTENSION << 1;
const WITH_LENGTH = TO_THE_END | 1;
const SILENCE_TOC = 3 << 3;
const HAS_PADDING = 0x40;
const HAS_LENGTHS = 0x80;
const FRAMES = 0x3f;

/** An Opus packet taken apart (RFC 6716, section 3.2). */
interface OpusPacket {
  /** First byte, without the frame count code. */
  toc: number;
  frames: number;
  /** Frames of different lengths: the body begins with the lengths of all but the last. */
  hasLengths: boolean;
  body: Uint8Array;
  padding: Uint8Array;
}

const NO_BYTES = new Uint8Array(0);

/**
 * Puts these bundles (at least one, none empty) behind the sound of the Opus packet `voice`. Empty `voice` gives a
 * packet without sound. Padding that the packet had goes.
 * @throws {CallError} `bad-trailer` if `voice` is malformed or has no sound, or the result is longer than 1 140 bytes.
 */
export function addTrailer(voice: Uint8Array, bundles: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const silence = { toc: SILENCE_TOC, frames: 1, hasLengths: false, body: NO_BYTES, padding: NO_BYTES };
  const packet = voice.length === 0 ? silence : parsePacket(voice);
  if (voice.length > 0 && soundBytes(packet) === 0) {
    throw refuse('an Opus packet without sound, which would be taken for none');
  }
  if (bundles.length === 0 || bundles.some((bundle) => bundle.length === 0)) {
    throw refuse('a trailer needs bundles, and none of them empty');
  }
  const extensions = bundles.flatMap((bundle, index) =>
    index < bundles.length - 1
      ? [Uint8Array.of(WITH_LENGTH, ...laced(bundle.length, 255)), bundle]
      : [Uint8Array.of(TO_THE_END), bundle],
  );
  const paddingLength = extensions.reduce((total, part) => total + part.length, 0);
  const lengths = packet.hasLengths ? HAS_LENGTHS : 0;
  const head = Uint8Array.of(packet.toc | 3, packet.frames | lengths | HAS_PADDING, ...laced(paddingLength, 254));
  const result = joined([head, packet.body, ...extensions]);
  if (result.length > MAX_PACKET_BYTES) {
    throw refuse(`a packet of ${result.length} bytes with its trailer, at most ${MAX_PACKET_BYTES} are sent`);
  }
  return result;
}

/**
 * Takes an RTP payload apart: its voice, empty if it has none, and the bundles behind it. A packet without padding, or
 * with padding of others, is voice and comes back as it is.
 * @throws {CallError} `bad-trailer` if the payload is malformed as an Opus packet or its trailer is.
 */
export function splitTrailer(payload: Uint8Array): { voice: Uint8Array; bundles: Uint8Array[] } {
  if (((payload[0] ?? 0) & 3) !== 3) return { voice: payload, bundles: [] };
  const packet = parsePacket(payload);
  const first = packet.padding[0];
  if (first !== TO_THE_END && first !== WITH_LENGTH) return { voice: payload, bundles: [] };
  const bundles = parseBundles(packet.padding);
  return { voice: soundBytes(packet) === 0 ? NO_BYTES : plain(packet), bundles };
}

function parsePacket(data: Uint8Array): OpusPacket {
  const first = data[0];
  if (first === undefined) throw refuse('an Opus packet of no bytes');
  const toc = first & ~3;
  const code = first & 3;
  if (code < 3) {
    return checked({ toc, frames: code === 0 ? 1 : 2, hasLengths: code === 2, body: data.subarray(1), padding: NO_BYTES });
  }
  const flags = data[1] ?? 0;
  if ((flags & FRAMES) === 0) throw refuse('an Opus packet of no frames');
  let position = 2;
  let paddingLength = 0;
  for (let more = (flags & HAS_PADDING) !== 0; more; position += 1) {
    const byte = data[position];
    if (byte === undefined) throw refuse('an Opus packet that ends within the length of its padding');
    paddingLength += Math.min(byte, 254);
    more = byte === 255;
  }
  const end = data.length - paddingLength;
  if (end < position) throw refuse(`an Opus packet of ${data.length} bytes with ${paddingLength} bytes of padding`);
  return checked({
    toc,
    frames: flags & FRAMES,
    hasLengths: (flags & HAS_LENGTHS) !== 0,
    body: data.subarray(position, end),
    padding: data.subarray(end),
  });
}

function checked(packet: OpusPacket): OpusPacket {
  soundBytes(packet);
  return packet;
}

/** How many bytes all frames have together. */
function soundBytes({ frames, hasLengths, body }: OpusPacket): number {
  if (!hasLengths) {
    if (body.length % frames !== 0) throw refuse(`${frames} Opus frames of equal length in ${body.length} bytes`);
    return body.length;
  }
  let position = 0;
  let total = 0;
  for (let frame = 1; frame < frames; frame += 1) {
    const [head, second] = body.subarray(position, position + 2);
    if (head === undefined || (head > 251 && second === undefined)) {
      throw refuse('an Opus packet that ends within the lengths of its frames');
    }
    position += head < 252 ? 1 : 2;
    total += head < 252 ? head : head + 4 * (second ?? 0);
  }
  if (position + total > body.length) throw refuse(`Opus frames of ${total} bytes in ${body.length - position}`);
  return body.length - position;
}

/** The shortest packet of the same frames, without padding. */
function plain({ toc, frames, hasLengths, body }: OpusPacket): Uint8Array<ArrayBuffer> {
  if (frames === 1) return joined([Uint8Array.of(toc), body]);
  if (frames === 2) return joined([Uint8Array.of(toc | (hasLengths ? 2 : 1)), body]);
  return joined([Uint8Array.of(toc | 3, frames | (hasLengths ? HAS_LENGTHS : 0)), body]);
}

function parseBundles(padding: Uint8Array): Uint8Array[] {
  const bundles: Uint8Array[] = [];
  let position = 0;
  while (padding[position] === WITH_LENGTH) {
    position += 1;
    let length = 0;
    let byte: number | undefined;
    do {
      byte = padding[position];
      if (byte === undefined) throw refuse('a trailer that ends within a length');
      length += byte;
      position += 1;
    } while (byte === 255);
    bundles.push(padding.slice(position, position + length));
    position += length;
  }
  if (padding[position] !== TO_THE_END) throw refuse('a trailer whose last bundle is missing or foreign');
  bundles.push(padding.slice(position + 1));
  if (bundles.some((bundle) => bundle.length === 0)) throw refuse('a trailer with an empty bundle');
  return bundles;
}

/** A length as bytes: each 255 stands for `step` and says that another byte follows. */
function laced(length: number, step: 254 | 255): number[] {
  return [...new Array<number>(Math.floor(length / step)).fill(255), length % step];
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}

function refuse(what: string): CallError {
  return new CallError('bad-trailer', `A voice packet was refused: ${what}.`);
}
