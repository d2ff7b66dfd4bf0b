import { signal, type ReadonlySignal } from '@preact/signals';
import { NO_STATISTICS, type CallStatistics } from '../../call/call';
import type { WireRate } from '../../call/wire_rate';
import { sentCounters, wireShares, type WireCounters, type WireShares } from './wire_shares';

/** How many seconds of rates are kept. */
export const HISTORY_SECONDS = 60;
/** The wire rate is a mean of as many seconds. */
const SHARES_SECONDS = 5;

/** What a call's figures are now and were in the last minute; to be fed once a second. */
export class FigureHistory {
  private readonly newest = signal<CallStatistics>(NO_STATISTICS);
  private readonly pastRates = signal<readonly WireRate[]>([]);
  private counters: WireCounters[] = [];

  get current(): ReadonlySignal<CallStatistics> {
    return this.newest;
  }

  /** Oldest first. */
  get rates(): ReadonlySignal<readonly WireRate[]> {
    return this.pastRates;
  }

  /** What our sending was spent on in the last seconds; `null` until that is known. */
  get shares(): WireShares | null {
    const { rate } = this.newest.value;
    const [before] = this.counters;
    const after = this.counters.at(-1);
    if (rate === null || before === undefined || after === undefined || after.atMs <= before.atMs) return null;
    return wireShares(before, after, rate.upKbps);
  }

  add(figures: CallStatistics, nowMs: number): void {
    const counters = sentCounters(figures, nowMs);
    this.counters = counters === null ? [] : [...this.counters, counters].slice(-SHARES_SECONDS - 1);
    if (figures.rate !== null) this.pastRates.value = [...this.pastRates.value, figures.rate].slice(-HISTORY_SECONDS);
    this.newest.value = figures;
  }
}
