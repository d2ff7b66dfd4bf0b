/** How much sound a voice packet carries: SDP's `a=ptime` and `a=maxptime` (RFC 8866, section 6.4). */

/** Returns an answer that asks the voice's sender for packets of `packetMs`, in every section. */
export function withPacketTime(sdp: string, packetMs: number): string {
  return sdp.replaceAll(/^a=(ptime|maxptime):\d+/gm, `a=$1:${packetMs}`);
}
