/** So long a path that has become longer looks like a queue. */
const WINDOW_MS = 10_000;
/** A queue delays every packet of so long a time; jitter, and large packets on thin links, spare one of them. */
const RECENT_MS = 350;
const LEAST = 2;
/** As the pictures' playout has it (codec/playout.ts). */
const JITTER_QUANTILE = 0.97;
/** No queue is that long: the sender's clock has been set. */
const LARGEST_STEP_MS = 15_000;

/** How long one sender's packets wait on their way: the clocks' unknown difference cancels against the fastest one. */
export class ArrivalDelay {
  private delays: { atMs: number; delayMs: number }[] = [];
  private newest: number | null = null;

  /**
   * @param unitMs of the times that the packets carry.
   * @param modulus at which those begin anew.
   */
  constructor(
    private readonly unitMs: number,
    private readonly modulus: number,
  ) {}

  /** Takes the time in a packet that arrived at `atMs`, of any steady clock, for the first time. */
  add(time: number, atMs: number): void {
    const newest = this.newest ?? time;
    const half = this.modulus / 2;
    const step = ((time - newest + this.modulus + half) % this.modulus) - half;
    const unwrapped = newest + step;
    this.newest = Math.max(newest, unwrapped);
    const delayMs = atMs - unwrapped * this.unitMs;
    if (Math.abs(delayMs - (this.delays.at(-1)?.delayMs ?? delayMs)) > LARGEST_STEP_MS) this.delays = [];
    this.delays.push({ atMs, delayMs });
    while ((this.delays[0]?.atMs ?? atMs) < atMs - WINDOW_MS) this.delays.shift();
  }

  /** When the newest packet came; minus infinity before the first. */
  get newestMs(): number {
    return this.delays.at(-1)?.atMs ?? -Infinity;
  }

  /** How much longer than the fastest of the last 10 s nearly all others took, ms. */
  get jitterMs(): number {
    const ranked = this.delays.map(({ delayMs }) => delayMs).sort((one, other) => one - other);
    return (ranked[Math.floor(JITTER_QUANTILE * (ranked.length - 1) + 0.5)] ?? 0) - (ranked[0] ?? 0);
  }

  /** Milliseconds that the fastest of the last 350 ms took longer than the fastest of the last 10 s. */
  get lateMs(): number {
    if (this.delays.length < LEAST) return 0;
    const recent = this.delays.filter(({ atMs }, index) => {
      return atMs > this.newestMs - RECENT_MS || index >= this.delays.length - LEAST;
    });
    return fastest(recent) - fastest(this.delays);
  }

  /** Milliseconds that the newest took longer than the fastest of the last 10 s: a queue that begins, or jitter. */
  get newestLateMs(): number {
    return this.delays.length < LEAST ? 0 : fastest(this.delays.slice(-1)) - fastest(this.delays);
  }
}

function fastest(delays: readonly { delayMs: number }[]): number {
  return Math.min(...delays.map(({ delayMs }) => delayMs));
}
