/** Redundant audio data (RFC 2198): how an encoded transform hands a decoder lost packets beside the one that came. */
import type { VoiceCopy } from './redundancy';

export const RED_MIME_TYPE = 'audio/red';
/** Opus in the browsers that have RED: all of them number it so. */
export const OPUS_PAYLOAD_TYPE = 111;

const FOLLOWED = 0x80;
const BLOCK_HEADER_BYTES = 4;
const LONGEST_BLOCK = 0x3ff;
const LONGEST_AGE = 0x3fff;

/**
 * Packs a voice packet with copies of earlier ones, oldest first, as one RED payload. Copies that RED cannot hold, of
 * more than 1 023 bytes or 341 ms, are left out.
 * @param payloadType the number under which Opus was negotiated, 0–127.
 */
export function packRed(payloadType: number, voice: Uint8Array, copies: readonly VoiceCopy[]): Uint8Array<ArrayBuffer> {
  const held = copies.filter(({ age, packet }) => age > 0 && age <= LONGEST_AGE && packet.length <= LONGEST_BLOCK);
  const bytes = held.reduce((total, { packet }) => total + BLOCK_HEADER_BYTES + packet.length, 1 + voice.length);
  const payload = new Uint8Array(bytes);
  let position = 0;
  for (const { age, packet } of held) {
    const fields = (age << 10) | packet.length;
    payload.set([FOLLOWED | payloadType, fields >> 16, (fields >> 8) & 0xff, fields & 0xff], position);
    position += BLOCK_HEADER_BYTES;
  }
  payload[position++] = payloadType;
  for (const part of [...held.map(({ packet }) => packet), voice]) {
    payload.set(part, position);
    position += part.length;
  }
  return payload;
}

/**
 * Asks for a voice that may come with redundancy, where this browser can decode such. To be called before negotiation.
 * What travels is not RED: the encoded transform makes it of copies in the trailer, because a decoder takes lost packets
 * in no other way.
 */
export function preferRed(transceiver: RTCRtpTransceiver): void {
  const codecs = RTCRtpReceiver.getCapabilities('audio')?.codecs ?? [];
  const red = codecs.filter(({ mimeType }) => mimeType.toLowerCase() === RED_MIME_TYPE);
  if (red.length > 0) transceiver.setCodecPreferences([...red, ...codecs.filter((codec) => !red.includes(codec))]);
}
