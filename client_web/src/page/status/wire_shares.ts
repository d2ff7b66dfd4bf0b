/** Where the bytes of a call go: payloads by purpose, and all that surrounds them. */
import type { CallStatistics } from '../../call/call';

export const PURPOSES = ['voice', 'motion', 'keyframes', 'control', 'headers'] as const;
export type Purpose = (typeof PURPOSES)[number];

/** Kilobits a second of each purpose, in one direction. */
export type WireShares = Record<Purpose, number>;

/** The counters of one moment that shares are made of; bytes since the connection began. */
export interface WireCounters {
  atMs: number;
  /** Payload of voice packets, without the bundles behind the sound. */
  voice: number;
  motion: number;
  keyframes: number;
  control: number;
}

/** Reads our sending side's counters; `null` before there is a connection. */
export function sentCounters({ channels, transport, voices }: CallStatistics, atMs: number): WireCounters | null {
  if (channels === null) return null;
  const behindVoice = transport?.trailers?.bytesSent ?? 0;
  return {
    atMs,
    voice: Math.max(0, voices.bytesSent - behindVoice),
    motion: channels.motion.bytesSent + behindVoice,
    keyframes: channels.keyframe.bytesSent,
    control: channels.control.bytesSent,
  };
}

/**
 * What each purpose cost between two moments; `totalKbps` is everything on the wire, and what no payload explains is
 * `headers`: of IP, UDP, RTP, DTLS and SCTP, acknowledgements, reports, connectivity checks.
 */
export function wireShares(before: WireCounters, after: WireCounters, totalKbps: number): WireShares {
  const kbps = (purpose: Exclude<Purpose, 'headers'>): number =>
    Math.max(0, (8 * (after[purpose] - before[purpose])) / (after.atMs - before.atMs));
  const shares = { voice: kbps('voice'), motion: kbps('motion'), keyframes: kbps('keyframes'), control: kbps('control') };
  const payloads = Object.values(shares).reduce((sum, share) => sum + share, 0);
  return { ...shares, headers: Math.max(0, totalKbps - payloads) };
}
