/** Frame lengths in units of 2.5 ms by configuration number, RFC 6716, table 2. */
const FRAME_UNITS = [4, 8, 16, 24, 4, 8, 16, 24, 4, 8, 16, 24, 4, 8, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8];
const SAMPLES_PER_UNIT = 120;
const LONGEST_PACKET = 5_760;

/** How many samples at 48 kHz an Opus packet holds (RFC 6716, section 3.1); 0 if it is malformed. */
export function packetSamples(packet: Uint8Array): number {
  const [first, second] = packet;
  if (first === undefined) return 0;
  const code = first & 3;
  const frames = code === 0 ? 1 : code < 3 ? 2 : (second ?? 0) & 63;
  const samples = frames * (FRAME_UNITS[first >> 3] ?? 0) * SAMPLES_PER_UNIT;
  return samples <= LONGEST_PACKET ? samples : 0;
}
