const INTERVAL_MS = 500;
/** For so long rings come at that interval; then each waits twice as long as the one before, up to the longest. */
const EAGER_MS = 10_000;
const LONGEST_INTERVAL_MS = 8_000;
const ANSWER_LIMIT_MS = 4_000;

export interface DoorbellListener {
  /** The server behind `url` answered a ring, within so long. */
  onAnswer(tookMs: number, url: string): void;
  /** A ring went out, the first one being 1; the next one follows after so long. */
  onRing(ring: number, nextInMs: number): void;
}

/**
 * Asks whether the server can be reached, again and again from the first `ring` until it is stopped; from the second
 * ring on it asks other servers too.
 *
 * Rings are plain HTTP requests that do not wait for each other. Browsers make WebSockets wait for seconds after some
 * have failed, and TCP tries a lost connection again only after a time that doubles: neither keeps a ring waiting.
 */
export class Doorbell {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly stopping = new AbortController();
  private readonly beganMs = performance.now();
  private intervalMs = INTERVAL_MS;
  private rings = 0;

  /**
   * @param url what the server answers while it lives.
   * @param others the same of other servers.
   */
  constructor(
    private readonly url: string,
    private readonly others: readonly string[],
    private readonly listener: DoorbellListener,
  ) {}

  /** Rings now instead of when it is time. */
  ring(): void {
    clearTimeout(this.timer);
    if (performance.now() - this.beganMs >= EAGER_MS) {
      this.intervalMs = Math.min(2 * this.intervalMs, LONGEST_INTERVAL_MS);
    }
    this.timer = setTimeout(() => this.ring(), this.intervalMs);
    this.rings += 1;
    void this.ask(this.url);
    if (this.rings > 1) for (const url of this.others) void this.ask(url);
    this.listener.onRing(this.rings, this.intervalMs);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.stopping.abort();
  }

  private async ask(url: string): Promise<void> {
    const rangMs = performance.now();
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), ANSWER_LIMIT_MS);
    const stop = (): void => limit.abort();
    this.stopping.signal.addEventListener('abort', stop);
    try {
      const answer = await fetch(url, { cache: 'no-store', signal: limit.signal });
      if (answer.ok && !this.stopping.signal.aborted) this.listener.onAnswer(performance.now() - rangMs, url);
    } catch {
      // Not reached, or too late: the next ring will tell.
    } finally {
      clearTimeout(timer);
      this.stopping.signal.removeEventListener('abort', stop);
    }
  }
}
