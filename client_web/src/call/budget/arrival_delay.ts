/** So long a path that has become longer looks like a queue. */
const WINDOW_MS = 10_000;
/** A queue delays every packet of so long a time; jitter, and large packets on thin links, spare one of them. */
const RECENT_MS = 350;
const LEAST = 2;
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

  /** Milliseconds that the fastest of the last 350 ms took longer than the fastest of the last 10 s. */
  get lateMs(): number {
    if (this.delays.length < LEAST) return 0;
    const recent = this.delays.filter(({ atMs }, index) => {
      return atMs > this.newestMs - RECENT_MS || index >= this.delays.length - LEAST;
    });
    const fastest = (delays: { delayMs: number }[]): number => Math.min(...delays.map(({ delayMs }) => delayMs));
    return fastest(recent) - fastest(this.delays);
  }
}
