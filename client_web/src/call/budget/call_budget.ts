import type { VoiceArrival } from '../transport/transport';
import { DEFAULT_BUDGET, LinkBudget, type Allocation, type BudgetSettings } from './link_budget';
import { PacketLoss } from './packet_loss';
import { ReceptionWatch, type Reception } from './reception';
import { RateWindow, wireTotals } from '../wire_rate';

const INTERVAL_MS = 100;
const WIRE_WINDOW_MS = 1_000;
/** How much a new report of losses counts beside those before: each is of a second, some 16 packets. */
const LOSS_SMOOTHING = 0.25;

/** What a budget steers, and where its reports go. */
export interface BudgetOutlet {
  /** Tells a participant how its packets arrive. */
  report(participant: number, reception: Reception): void;
  apply(allocation: Allocation): void;
  /** Lets the voice of a slot (transceiver `mid`) wait so long, ms, before it is played. */
  wait(mid: string, ms: number): void;
}

/** What the budget knows, for the page and for tests. */
export interface BudgetStatistics extends Allocation {
  /** What the way to the slowest receiver is thought to carry, kbit/s; `null` as long as nothing waited on it. */
  estimateKbps: number | null;
  /** Milliseconds that the slowest sender's packets wait on their way here beyond the fastest ones. */
  lateMs: number;
}

/** A timer that comes so late says that this machine is busy: packets may have been late because of that… */
const BUSY_LAG_MS = 60;
/** …for so long. */
const BUSY_MEMORY_MS = 1_000;

/** Watches what arrives, reports it, and divides what the link carries, ten times a second. */
export class CallBudget {
  private readonly link: LinkBudget;
  private readonly watches = new Map<number, ReceptionWatch>();
  private readonly losses = new PacketLoss();
  private readonly wire = new RateWindow(WIRE_WINDOW_MS);
  private readonly timer = setInterval(() => this.tick(performance.now()), INTERVAL_MS);
  private uplinkLost = 0;
  private tickedMs = performance.now();
  private allocation: Allocation;

  constructor(
    private readonly outlet: BudgetOutlet,
    settings: BudgetSettings = DEFAULT_BUDGET,
  ) {
    this.link = new LinkBudget(settings);
    this.allocation = this.link.allocate(performance.now());
  }

  /** Takes the arrival of a voice packet. */
  noteVoice(from: number, arrival: VoiceArrival): void {
    this.watch(from).noteVoice(arrival);
  }

  /** Takes the time, ticks of 10 ms, of a bundle that has arrived for the first time, at `atMs` since 1970. */
  noteBundle(from: number, timeTicks: number, atMs: number): void {
    this.watch(from).noteBundle(timeTicks, atMs);
  }

  /** Takes what a participant says of our packets. */
  noteReception(from: number, reception: Reception): void {
    this.link.noteReception(from, reception, performance.now());
  }

  /** Takes the browser's statistics; `slots` says whose voice each transceiver plays. */
  noteStatistics(report: RTCStatsReport, slots: ReadonlyMap<string, number | null>): void {
    const nowMs = performance.now();
    const totals = wireTotals(report);
    if (totals !== null) this.wire.add(nowMs, totals);
    const uplink = this.losses.note(report);
    if (uplink !== null) {
      this.uplinkLost += LOSS_SMOOTHING * (100 * uplink - this.uplinkLost);
      this.link.noteUplinkLoss(this.uplinkLost, nowMs);
    }
    for (const [mid, id] of slots) {
      if (id === null) continue;
      const watch = this.watch(id);
      watch.noteLoss(this.losses.of(mid));
      this.outlet.wait(mid, watch.jitterMs);
    }
  }

  forget(participant: number): void {
    this.watches.delete(participant);
    this.link.forget(participant);
  }

  statistics(): BudgetStatistics {
    return { ...this.allocation, estimateKbps: this.link.estimateKbps, lateMs: this.lateMs() };
  }

  close(): void {
    clearInterval(this.timer);
  }

  private tick(nowMs: number): void {
    if (nowMs - this.tickedMs > INTERVAL_MS + BUSY_LAG_MS) this.link.noteBusy(nowMs + BUSY_MEMORY_MS);
    this.tickedMs = nowMs;
    const { upKbps, downKbps } = this.wire.rate() ?? { upKbps: 0, downKbps: 0 };
    this.link.noteSent(upKbps);
    for (const [participant, watch] of this.watches) {
      const reception = watch.due(downKbps, nowMs);
      if (reception !== null) this.outlet.report(participant, reception);
    }
    const newestLateMs = Math.max(0, ...[...this.watches.values()].map((watch) => watch.newestLateMs));
    this.link.noteOwnLateness(this.lateMs(), newestLateMs, nowMs);
    this.allocation = this.link.allocate(nowMs);
    this.outlet.apply(this.allocation);
  }

  private lateMs(): number {
    return Math.max(0, ...[...this.watches.values()].map((watch) => watch.lateMs));
  }

  private watch(participant: number): ReceptionWatch {
    let watch = this.watches.get(participant);
    if (watch === undefined) this.watches.set(participant, (watch = new ReceptionWatch()));
    return watch;
  }
}
