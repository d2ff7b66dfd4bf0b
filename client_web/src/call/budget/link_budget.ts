/** How much a link carries, and who gets what of it (docs/network.md). */
import type { RedundancyDepth } from '../transport/redundancy';
import { LATE_MS, type Reception } from './reception';

export interface BudgetSettings {
  /** The call takes no more than this of any link, kbit/s on the wire in one direction. */
  ceilingKbps: number;
  /** And expects no less of a link. */
  floorKbps: number;
}

/** By default a call is no dearer than a telephone call. */
export const DEFAULT_BUDGET: BudgetSettings = { ceilingKbps: 24, floorKbps: 14 };

/** What the parts of a call may cost. */
export interface Allocation {
  /** Of the Opus encoder, kbit/s. */
  voiceKbps: number;
  /** Sound in a voice packet; `null`: as the server says. */
  packetMs: number | null;
  /** How often more than once voices and bundles are sent. */
  redundancy: RedundancyDepth;
  /** What keyframes may cost on average, kbit/s. */
  keyframeKbps: number;
  /** How fast slices of a keyframe follow each other, kbit/s. */
  sliceKbps: number;
  /** The same for whoever cannot be shown anything without them. */
  urgentSliceKbps: number;
  sliceBytes: number;
}

/** Opus rates worth having, kbit/s; the first is for any link. */
const VOICE_KBPS = [6, 8, 12, 16] as const;
/** RTP, SRTP, UDP and IP headers of a packet. */
const PACKET_HEADER_BITS = 400;
const USUAL_PACKET_MS = 60;
/** On thin links packets are long, for half of the headers. */
const LONG_PACKET_MS = 120;
const THIN_KBPS = 30;
const NOT_THIN_KBPS = 45;
const MOTION_KBPS = 3;
/** RTCP, ICE's checks, SACKs, control messages. */
const UPKEEP_KBPS = 1.5;
const VOICE_SHARE = 0.7;
const KEYFRAME_KBPS = 3;
/** Of what a congested link is seen to carry, so that its queue empties. */
const DRAIN_SHARE = 0.85;
/** How fast to probe upwards, below the ceiling and above it. */
const GROWTH_PER_S = 1.08;
const GROWTH_BEYOND_PER_S = 1.02;
/** A link on which nothing waited yet. */
const UNKNOWN_KBPS = 1_000;
const UNKNOWN_SLICE_KBPS = 24;
const UNKNOWN_URGENT_SLICE_KBPS = 150;
/** More at a time would fill the queue of a link whose rate falls before anybody notices. */
const MOST_SLICE_KBPS = 45;
/** While packets wait long: as good as nothing, but whoever waits for a keyframe gets it in the end. */
const TRICKLE_KBPS = 2;
const LARGEST_SLICE = 500;
const SMALLEST_SLICE = 250;
const SLICE_BYTES_PER_KBPS = 10;
/** A link is the reason for waiting only if less arrives than was sent… */
const STARVED_SHARE = 0.8;
/** …or packets wait so long that nothing else could be. */
const CERTAINLY_LATE_MS = 400;
/** A lower rate shows after the queue has emptied: until then only one that grows calls for less still. */
const LOWERING_INTERVAL_MS = 2_000;
const PAUSE_MS = 300;
/** Whoever sends more than a telephone call does not wait for certainty: packets that come so late halve it at once. */
const SWIFT_KBPS = 30;
const SWIFT_SHARE = 0.4;
const SWIFT_LATE_MS = 100;
const SWIFT_AFTER = 2;
const LOSS_MEMORY_MS = 12_000;
const SOME_LOSS = 4;
const HEAVY_LOSS = 15;

interface Heard extends Reception {
  atMs: number;
}

/** Estimates what the way to the slowest receiver carries. Times are ms of one steady clock. */
export class LinkBudget {
  private readonly heard = new Map<number, Heard>();
  private capacityKbps = UNKNOWN_KBPS;
  private grownMs = 0;
  private lowered = { atMs: -Infinity, lateMs: 0 };
  private uplinkLost: { percent: number; atMs: number } = { percent: 0, atMs: -Infinity };
  private ownLateMs = 0;
  private ownNewestLateMs = 0;
  private lateTicks = 0;
  private busyUntilMs = -Infinity;
  private sentKbps = 0;
  private isThin = false;

  constructor(private readonly settings: BudgetSettings = DEFAULT_BUDGET) {}

  /** Takes a receiver's report. */
  noteReception(receiver: number, reception: Reception, nowMs: number): void {
    this.heard.set(receiver, { ...reception, atMs: nowMs });
    const { late, kbps } = reception;
    // Of a link that loses at random less arrives than it carries; a full queue loses, too.
    const carriedKbps = late >= CERTAINLY_LATE_MS ? kbps : kbps / (1 - Math.min(90, this.worstLoss(nowMs)) / 100);
    const isStarved = nowMs >= this.busyUntilMs && carriedKbps < STARVED_SHARE * this.sentKbps;
    if (late >= LATE_MS) this.lowerSwiftly(nowMs);
    if (late < LATE_MS || (late < CERTAINLY_LATE_MS && !isStarved)) return;
    if (late < this.lowered.lateMs + LATE_MS && nowMs - this.lowered.atMs < LOWERING_INTERVAL_MS) return;
    this.lowered = { atMs: nowMs, lateMs: late };
    this.lower(carriedKbps, nowMs);
  }

  /** Takes what goes out altogether, kbit/s on the wire in the last second. */
  noteSent(kbps: number): void {
    this.sentKbps = kbps;
  }

  /** Takes the share of our packets, per cent, that the relay did not get. */
  noteUplinkLoss(percent: number, nowMs: number): void {
    this.uplinkLost = { percent, atMs: nowMs };
  }

  /**
   * Takes how long the others' packets wait on their way to us, lately and the newest alone, ten times a second: our own
   * may, too, on their way out.
   */
  noteOwnLateness(lateMs: number, newestLateMs: number, nowMs: number): void {
    this.ownLateMs = lateMs;
    this.ownNewestLateMs = newestLateMs;
    this.lateTicks = newestLateMs >= SWIFT_LATE_MS ? this.lateTicks + 1 : 0;
    if (this.lateTicks >= SWIFT_AFTER) this.lowerSwiftly(nowMs);
  }

  /** Until then, packets may be late because this machine has no time to send or receive them. */
  noteBusy(untilMs: number): void {
    this.busyUntilMs = untilMs;
  }

  forget(receiver: number): void {
    this.heard.delete(receiver);
  }

  /** What the way to the slowest receiver is thought to carry, kbit/s; `null` as long as nothing waited on it. */
  get estimateKbps(): number | null {
    return this.capacityKbps >= UNKNOWN_KBPS ? null : this.capacityKbps;
  }

  /** Divides what there is: voice first, then motion, then keyframes. */
  allocate(nowMs: number): Allocation {
    this.grow(nowMs);
    const { ceilingKbps, floorKbps } = this.settings;
    this.isThin = this.capacityKbps < (this.isThin ? NOT_THIN_KBPS : THIN_KBPS);
    const packetMs = this.isThin ? LONG_PACKET_MS : USUAL_PACKET_MS;
    const target = Math.min(ceilingKbps, Math.max(floorKbps, this.capacityKbps)) - UPKEEP_KBPS;
    const redundancy = this.redundancy(packetMs, nowMs);
    const share = target * VOICE_SHARE;
    const voiceKbps =
      VOICE_KBPS.findLast((kbps) => voiceAndMotion(kbps, redundancy, packetMs) <= share) ?? VOICE_KBPS[0];
    const rest = Math.max(TRICKLE_KBPS, target - voiceAndMotion(voiceKbps, redundancy, packetMs));
    const isUnknown = this.estimateKbps === null;
    const hesitates = this.waitsLong(nowMs) || this.ownNewestLateMs >= SWIFT_LATE_MS;
    const most = Math.min(MOST_SLICE_KBPS, isUnknown ? Math.max(UNKNOWN_SLICE_KBPS, rest) : rest);
    const sliceKbps = hesitates ? TRICKLE_KBPS : most;
    return {
      voiceKbps,
      packetMs: this.isThin ? packetMs : null,
      redundancy,
      keyframeKbps: ceilingKbps > DEFAULT_BUDGET.ceilingKbps ? Math.max(KEYFRAME_KBPS, rest) : KEYFRAME_KBPS,
      sliceKbps,
      urgentSliceKbps: isUnknown ? UNKNOWN_URGENT_SLICE_KBPS : sliceKbps,
      sliceBytes: Math.min(LARGEST_SLICE, Math.max(SMALLEST_SLICE, this.capacityKbps * SLICE_BYTES_PER_KBPS)),
    };
  }

  private redundancy(packetMs: number, nowMs: number): RedundancyDepth {
    const lost = this.worstLoss(nowMs);
    const wanted: RedundancyDepth = lost < SOME_LOSS ? 0 : lost < HEAVY_LOSS ? 1 : 2;
    const most = this.capacityKbps - UPKEEP_KBPS;
    const affordable = ([2, 1] as const).find((depth) => voiceAndMotion(VOICE_KBPS[0], depth, packetMs) <= most) ?? 0;
    // Where much is lost, sending again is worth more than an estimate that losses have spoilt.
    const least = lost >= HEAVY_LOSS && !this.waitsLong(nowMs) ? 1 : 0;
    return Math.max(least, Math.min(wanted, affordable)) as RedundancyDepth;
  }

  /** What a rate far above a telephone call's falls to before it is known what the link carries. */
  private lowerSwiftly(nowMs: number): void {
    if (this.sentKbps <= SWIFT_KBPS || nowMs < this.busyUntilMs) return;
    this.capacityKbps = Math.min(this.capacityKbps, Math.max(DEFAULT_BUDGET.ceilingKbps, SWIFT_SHARE * this.sentKbps));
    this.grownMs = nowMs;
  }

  private lower(carriedKbps: number, nowMs: number): void {
    const seen = Math.max(this.settings.floorKbps, carriedKbps * DRAIN_SHARE);
    this.capacityKbps = Math.min(this.capacityKbps, seen);
    this.grownMs = nowMs;
  }

  /** Probes upwards while nothing waits. */
  private grow(nowMs: number): void {
    const elapsedS = Math.max(0, nowMs - this.grownMs) / 1_000;
    this.grownMs = Math.max(this.grownMs, nowMs);
    const rate = this.capacityKbps < this.settings.ceilingKbps ? GROWTH_PER_S : GROWTH_BEYOND_PER_S;
    this.capacityKbps = Math.min(UNKNOWN_KBPS, this.capacityKbps * rate ** elapsedS);
  }

  private waitsLong(nowMs: number): boolean {
    const reported = [...this.heard.values()].some(({ late, atMs }) => late >= PAUSE_MS && nowMs - atMs < 2_000);
    return reported || this.ownLateMs >= PAUSE_MS;
  }

  private worstLoss(nowMs: number): number {
    const recent = [...this.heard.values()].filter(({ atMs }) => nowMs - atMs < LOSS_MEMORY_MS);
    const uplink = nowMs - this.uplinkLost.atMs < LOSS_MEMORY_MS ? this.uplinkLost.percent : 0;
    return Math.max(uplink, ...recent.map(({ lost }) => lost));
  }
}

/** Wire kbit/s of a voice of that rate with the motion behind it, while somebody speaks. */
function voiceAndMotion(voiceKbps: number, redundancy: RedundancyDepth, packetMs: number): number {
  return PACKET_HEADER_BITS / packetMs + (voiceKbps + MOTION_KBPS) * (1 + redundancy);
}
