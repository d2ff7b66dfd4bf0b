/** Losses of voice packets, from `getStats` (W3C webrtc-stats). */

const WINDOW = 10;

/** What share of each incoming voice was lost lately, and of our own on its way to the relay. */
export class PacketLoss {
  private readonly samples = new Map<string, { lost: number; received: number }[]>();
  private relayReportedMs: number | null = null;

  /**
   * Takes a report; of the last ten (5 s), losses are counted together. Returns the share of our own packets that did not
   * reach the relay, 0–1, if that has told something new, else `null`.
   */
  note(report: Iterable<readonly [string, unknown]>): number | null {
    let uplink: number | null = null;
    for (const [, entry] of report) {
      const fields = entry as Record<string, unknown>;
      const { type, mid, fractionLost, timestamp } = fields;
      if (type === 'remote-inbound-rtp' && typeof fractionLost === 'number' && timestamp !== this.relayReportedMs) {
        this.relayReportedMs = typeof timestamp === 'number' ? timestamp : null;
        uplink = fractionLost;
      }
      if (type !== 'inbound-rtp' || typeof mid !== 'string') continue;
      const sample = { lost: count(fields['packetsLost']), received: count(fields['packetsReceived']) };
      this.samples.set(mid, [...(this.samples.get(mid) ?? []), sample].slice(-WINDOW));
    }
    return uplink;
  }

  /** Share of the packets of the voice slot (transceiver) `mid` that were lost lately, 0–1. */
  of(mid: string): number {
    const samples = this.samples.get(mid) ?? [];
    const [first, last] = [samples[0], samples.at(-1)];
    if (first === undefined || last === undefined) return 0;
    const lost = Math.max(0, last.lost - first.lost);
    const all = lost + last.received - first.received;
    return all <= 0 ? 0 : lost / all;
  }
}

function count(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
