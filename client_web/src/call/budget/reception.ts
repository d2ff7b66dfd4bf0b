/** What a receiver tells a sender of its link (docs/network.md). */
import { TICK_MS, TIME_MODULUS } from '../../codec/bundle';
import type { VoiceArrival } from '../transport/transport';
import { ArrivalDelay } from './arrival_delay';

/** How one sender's packets arrive. */
export interface Reception {
  /** Share of the packets that the last hop to the receiver lost, per cent, 0–100. */
  lost: number;
  /** Milliseconds that packets wait beyond the fastest ones, 0–60 000. */
  late: number;
  /** What arrived in the last second, kbit/s on the wire, 0–100 000. */
  kbps: number;
}

/** From this on packets wait in a queue rather than jitter. */
export const LATE_MS = 120;
const LATE_INTERVAL_MS = 250;
/** While the queue does not grow there is no hurry, and reports take of the link, too. */
const STILL_LATE_INTERVAL_MS = 1_000;
const VOICE_SAMPLE_MS = 1 / 48;
const VOICE_MODULUS = 2 ** 32;
/** Pictures wait no longer either. */
const LONGEST_WAIT_MS = 400;
/** Voices and bundles that come further apart do not come together. */
const TOGETHER_MS = 1_000;
const LOSS_INTERVAL_MS = 1_000;
const LOSS_STEP = 4;
/** A report that is repeated so often survives the link that it tells of. */
const LOSS_REPEAT_MS = 10_000;

/** Watches one sender, and decides when there is something to report: nothing on a good link. */
export class ReceptionWatch {
  private readonly voice = new ArrivalDelay(VOICE_SAMPLE_MS, VOICE_MODULUS);
  private readonly bundles = new ArrivalDelay(TICK_MS, TIME_MODULUS);
  private reported: Reception = { lost: 0, late: 0, kbps: 0 };
  private reportedMs = -Infinity;
  private changed = false;
  private lost = 0;

  /** Takes the arrival of a voice packet. */
  noteVoice({ timestamp, atMs }: VoiceArrival): void {
    this.voice.add(timestamp, atMs);
    this.changed = true;
  }

  /** Takes the time in a bundle, ticks, that has arrived; `atMs` of the clock of voice arrivals. */
  noteBundle(timeTicks: number, atMs: number): void {
    this.bundles.add(timeTicks, atMs);
    this.changed = true;
  }

  /** Takes the share of packets that were lost lately, 0–1. */
  noteLoss(share: number): void {
    this.lost = Math.round(100 * share);
  }

  /**
   * Milliseconds that packets wait beyond the fastest ones. A queue delays voices and bundles alike, a busy sender mostly
   * one of them: its microphone or its camera.
   */
  get lateMs(): number {
    return this.least(({ lateMs }) => lateMs);
  }

  /** The same of the newest packets alone: a queue that begins, or jitter. */
  get newestLateMs(): number {
    return this.least(({ newestLateMs }) => newestLateMs);
  }

  /**
   * How long what comes has to wait so that nearly all has come, ms: by the bundles, for which pictures wait as long, or
   * by the voice where there are none.
   */
  get jitterMs(): number {
    const { newestMs } = this.bundles;
    const hasMotion = newestMs > this.voice.newestMs - TOGETHER_MS;
    return Math.min(LONGEST_WAIT_MS, (hasMotion ? this.bundles : this.voice).jitterMs);
  }

  /** Returns a report if one is due; `kbps` is what arrives. */
  due(kbps: number, nowMs: number): Reception | null {
    const late = Math.min(60_000, Math.round(this.lateMs));
    const isLate = late >= LATE_MS;
    const wasLate = this.reported.late >= LATE_MS;
    const sinceMs = nowMs - this.reportedMs;
    const isUrgent = isLate !== wasLate || late >= this.reported.late + LATE_MS;
    const intervalMs = isUrgent ? LATE_INTERVAL_MS : STILL_LATE_INTERVAL_MS;
    const queueNews = this.changed && (isLate || wasLate) && sinceMs >= intervalMs;
    const lossNews =
      (Math.abs(this.lost - this.reported.lost) >= LOSS_STEP && sinceMs >= LOSS_INTERVAL_MS) ||
      (this.lost >= LOSS_STEP && sinceMs >= LOSS_REPEAT_MS);
    if (!queueNews && !lossNews) return null;
    this.changed = false;
    this.reported = { lost: this.lost, late: isLate ? late : 0, kbps: Math.round(kbps) };
    this.reportedMs = nowMs;
    return this.reported;
  }

  private least(measure: (delay: ArrivalDelay) => number): number {
    const newestMs = Math.max(this.voice.newestMs, this.bundles.newestMs);
    const both = [this.voice, this.bundles].filter((delay) => delay.newestMs > newestMs - TOGETHER_MS);
    return both.length === 0 ? 0 : Math.max(0, Math.min(...both.map(measure)));
  }
}
