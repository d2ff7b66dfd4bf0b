const TICK_MS = 250;
/** Timers of hidden tabs come once a second; a page that stood still for longer must not take its sleep for a silence. */
const LONGEST_TICK_MS = 1_000;
const QUIET_MS = 750;
const SILENT_MS = 2_500;

/**
 * Notices within 3 s that nothing comes from the server any more, and at once that something does again.
 *
 * What the page receives itself it reports as `heard`; only when that is silent are the browser's statistics asked for
 * other signs of life, ICE's checks among them: the server sends those at least once a second when it has nothing else.
 */
export class PathWatch {
  private silentMs = 0;
  private silent = false;
  private lastTickMs = performance.now();
  /** Signs of life when the statistics were last asked; `null` since something else was heard. */
  private lastCount: number | null = null;
  private asking = false;
  private readonly timer: ReturnType<typeof setInterval>;

  /** @param onChange learns when the path falls silent (`true`) and speaks again (`false`). */
  constructor(
    private readonly statistics: () => Promise<RTCStatsReport>,
    private readonly onChange: (silent: boolean) => void,
  ) {
    this.timer = setInterval(() => this.tick(performance.now()), TICK_MS);
  }

  /** Something has come from the server. */
  heard(): void {
    this.lastCount = null;
    this.live();
  }

  close(): void {
    clearInterval(this.timer);
  }

  private tick(nowMs: number): void {
    this.silentMs += Math.min(nowMs - this.lastTickMs, LONGEST_TICK_MS);
    this.lastTickMs = nowMs;
    if (this.silentMs >= QUIET_MS && !this.asking) void this.askStatistics();
    if (this.silentMs >= SILENT_MS) this.note(true);
  }

  private async askStatistics(): Promise<void> {
    this.asking = true;
    try {
      const count = signsOfLife(await this.statistics());
      if (this.lastCount !== null && count !== this.lastCount) this.live();
      this.lastCount = count;
    } finally {
      this.asking = false;
    }
  }

  private live(): void {
    this.silentMs = 0;
    this.note(false);
  }

  private note(silent: boolean): void {
    if (silent === this.silent) return;
    this.silent = silent;
    this.onChange(silent);
  }
}

/** A number that changes whenever anything arrives: bytes of data, and ICE's requests and responses. */
function signsOfLife(report: RTCStatsReport): number {
  let count = 0;
  report.forEach((entry: Record<string, unknown>) => {
    if (entry['type'] !== 'candidate-pair') return;
    for (const field of ['bytesReceived', 'requestsReceived', 'responsesReceived']) {
      const value = entry[field];
      if (typeof value === 'number') count += value;
    }
  });
  return count;
}
