/** Wire kbit/s of a peer connection: payload, packet headers and connectivity checks, from `getStats`. */

/** Bytes on the wire since the connection began, IP and UDP headers included. */
export interface WireTotals {
  sentBytes: number;
  receivedBytes: number;
}

/** Kilobits (1 000 bits) a second in each direction. */
export interface WireRate {
  upKbps: number;
  downKbps: number;
}

const UDP_HEADER_BYTES = 8;
const IPV4_HEADER_BYTES = 20;
const IPV6_HEADER_BYTES = 40;
/** ICE checks (RFC 8445 §14) are not in the byte counters: typical lengths of a request and a response. */
const STUN_REQUEST_BYTES = 100;
const STUN_RESPONSE_BYTES = 64;

/**
 * Adds up what a connection has put on the wire. Uses `transport` (W3C webrtc-stats, RTCTransportStats) and its selected
 * candidate pair. Returns `null` where the browser does not count packets (Firefox) or nothing is connected yet.
 */
export function wireTotals(report: Iterable<readonly [string, unknown]>): WireTotals | null {
  const entries = new Map<string, Record<string, unknown>>();
  for (const [id, entry] of report) entries.set(id, entry as Record<string, unknown>);
  const transport = [...entries.values()].find((entry) => entry['type'] === 'transport');
  if (transport === undefined) return null;
  const packetsSent = transport['packetsSent'];
  const packetsReceived = transport['packetsReceived'];
  if (typeof packetsSent !== 'number' || typeof packetsReceived !== 'number') return null;

  const pair = entries.get(String(transport['selectedCandidatePairId'])) ?? {};
  const remote = entries.get(String(pair['remoteCandidateId'])) ?? {};
  const header = UDP_HEADER_BYTES + (String(remote['address']).includes(':') ? IPV6_HEADER_BYTES : IPV4_HEADER_BYTES);
  const request = STUN_REQUEST_BYTES + header;
  const response = STUN_RESPONSE_BYTES + header;
  return {
    sentBytes:
      count(transport['bytesSent']) +
      packetsSent * header +
      count(pair['requestsSent']) * request +
      count(pair['responsesSent']) * response,
    receivedBytes:
      count(transport['bytesReceived']) +
      packetsReceived * header +
      count(pair['requestsReceived']) * request +
      count(pair['responsesReceived']) * response,
  };
}

function count(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

/** The rate over a sliding window of totals. */
export class RateWindow {
  private readonly samples: (WireTotals & { atMs: number })[] = [];

  constructor(private readonly windowMs: number = 5_000) {}

  /** Adds totals read at `atMs` (milliseconds, growing). Totals that fall begin a new connection: the window restarts. */
  add(atMs: number, totals: WireTotals): void {
    const last = this.samples.at(-1);
    if (last !== undefined && (totals.sentBytes < last.sentBytes || totals.receivedBytes < last.receivedBytes)) {
      this.samples.length = 0;
    }
    this.samples.push({ atMs, ...totals });
    while (this.samples.length > 2 && (this.samples[1]?.atMs ?? 0) <= atMs - this.windowMs) this.samples.shift();
  }

  /** The rate between the oldest and the newest sample in the window; `null` with fewer than two. */
  rate(): WireRate | null {
    const first = this.samples[0];
    const last = this.samples.at(-1);
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return null;
    const kbps = (bytes: number): number => (bytes * 8) / (last.atMs - first.atMs);
    return {
      upKbps: kbps(last.sentBytes - first.sentBytes),
      downKbps: kbps(last.receivedBytes - first.receivedBytes),
    };
  }
}
