/** How far away the server is. */

/**
 * The round trip of the newest connectivity check, ms, from `getStats` (W3C webrtc-stats, RTCIceCandidatePairStats);
 * `null` before there was one.
 */
export function roundTripMs(report: Iterable<readonly [string, unknown]>): number | null {
  const entries = new Map<string, Record<string, unknown>>();
  for (const [id, entry] of report) entries.set(id, entry as Record<string, unknown>);
  const transport = [...entries.values()].find((entry) => entry['type'] === 'transport');
  const seconds = entries.get(String(transport?.['selectedCandidatePairId']))?.['currentRoundTripTime'];
  return typeof seconds === 'number' ? 1_000 * seconds : null;
}
