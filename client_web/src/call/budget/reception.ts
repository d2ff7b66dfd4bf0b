/** What a receiver tells a sender of its link (docs/network.md). */
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
export const LATE_MS = 80;
const LATE_INTERVAL_MS = 250;
const LOSS_INTERVAL_MS = 1_000;
const LOSS_STEP = 4;
/** A report that is repeated so often survives the link that it tells of. */
const LOSS_REPEAT_MS = 10_000;

/** Watches one sender, and decides when there is something to report: nothing on a good link. */
export class ReceptionWatch {
  private readonly delay = new ArrivalDelay();
  private reported: Reception = { lost: 0, late: 0, kbps: 0 };
  private reportedMs = -Infinity;
  private changed = false;
  private lost = 0;

  /** Takes the time in a bundle that has arrived, ticks. */
  noteBundle(timeTicks: number, nowMs: number): void {
    this.delay.add(timeTicks, nowMs);
    this.changed = true;
  }

  /** Takes the share of packets that were lost lately, 0–1. */
  noteLoss(share: number): void {
    this.lost = Math.round(100 * share);
  }

  get lateMs(): number {
    return this.delay.lateMs;
  }

  /** Returns a report if one is due; `kbps` is what arrives. */
  due(kbps: number, nowMs: number): Reception | null {
    const late = Math.min(60_000, Math.round(Math.max(0, this.delay.lateMs)));
    const isLate = late >= LATE_MS;
    const sinceMs = nowMs - this.reportedMs;
    const queueNews = this.changed && (isLate || this.reported.late >= LATE_MS) && sinceMs >= LATE_INTERVAL_MS;
    const lossNews =
      (Math.abs(this.lost - this.reported.lost) >= LOSS_STEP && sinceMs >= LOSS_INTERVAL_MS) ||
      (this.lost >= LOSS_STEP && sinceMs >= LOSS_REPEAT_MS);
    if (!queueNews && !lossNews) return null;
    this.changed = false;
    this.reported = { lost: this.lost, late: isLate ? late : 0, kbps: Math.round(kbps) };
    this.reportedMs = nowMs;
    return this.reported;
  }
}
