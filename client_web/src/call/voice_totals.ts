/** What became of the voices that came, from `getStats` (W3C webrtc-stats, RTCInboundRtpStreamStats). */

/** Samples of all voice slots, and what our own voice cost, since the connection began. */
export interface VoiceTotals {
  samples: number;
  /** Of these, made up because a packet was late or lost, and loud enough to be heard. */
  concealedSamples: number;
  /** Payload of our voice packets (RTCOutboundRtpStreamStats), with the bundles behind their sound. */
  bytesSent: number;
}

/** Adds up the voice slots of a report; zeros before there are any. */
export function voiceTotals(report: Iterable<readonly [string, unknown]>): VoiceTotals {
  const totals = { samples: 0, concealedSamples: 0, bytesSent: 0 };
  for (const [, entry] of report) {
    const fields = entry as Record<string, unknown>;
    if (fields['kind'] !== 'audio') continue;
    if (fields['type'] === 'outbound-rtp') totals.bytesSent += count(fields['bytesSent']);
    if (fields['type'] !== 'inbound-rtp') continue;
    totals.samples += count(fields['totalSamplesReceived']);
    totals.concealedSamples += count(fields['concealedSamples']) - count(fields['silentConcealedSamples']);
  }
  return totals;
}

function count(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
