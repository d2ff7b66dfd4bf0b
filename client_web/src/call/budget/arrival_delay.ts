import { TICK_MS, TIME_MODULUS } from '../../codec/bundle';

const WINDOW_MS = 30_000;
/** A queue delays every packet, jitter spares one of two. */
const RECENT = 2;

/** How long one sender's bundles wait on their way: the clocks' unknown difference cancels against the fastest one. */
export class ArrivalDelay {
  private delays: { atMs: number; delayMs: number }[] = [];
  private newestTicks: number | null = null;

  /** Takes the time in a bundle (ticks of 10 ms, modulo 2²⁴) that arrived at `atMs` for the first time. */
  add(timeTicks: number, atMs: number): void {
    const newest = this.newestTicks ?? timeTicks;
    const step = ((timeTicks - newest + TIME_MODULUS * 1.5) % TIME_MODULUS) - TIME_MODULUS / 2;
    const ticks = newest + step;
    this.newestTicks = Math.max(newest, ticks);
    this.delays.push({ atMs, delayMs: atMs - ticks * TICK_MS });
    while ((this.delays[0]?.atMs ?? atMs) < atMs - WINDOW_MS) this.delays.shift();
  }

  /** Milliseconds that the faster of the last two took longer than the fastest of the last 30 s. */
  get lateMs(): number {
    const all = this.delays.map(({ delayMs }) => delayMs);
    return all.length < RECENT ? 0 : Math.min(...all.slice(-RECENT)) - Math.min(...all);
  }
}
