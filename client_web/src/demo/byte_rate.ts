const WINDOW_MS = 5_000;

/** The mean rate of what was sent in the last 5 s. */
export class ByteRate {
  private sent: { atMs: number; bytes: number }[] = [];
  private beganMs: number | null = null;

  add(bytes: number, nowMs: number): void {
    this.beganMs ??= nowMs;
    this.sent.push({ atMs: nowMs, bytes });
    this.forget(nowMs);
  }

  /** Kilobits (1 000 bits) a second; of a shorter time at the beginning, of at least one second. */
  kbps(nowMs: number): number {
    this.forget(nowMs);
    if (this.beganMs === null) return 0;
    const bytes = this.sent.reduce((sum, each) => sum + each.bytes, 0);
    return (8 * bytes) / Math.max(1_000, Math.min(WINDOW_MS, nowMs - this.beganMs));
  }

  private forget(nowMs: number): void {
    while ((this.sent[0]?.atMs ?? Infinity) <= nowMs - WINDOW_MS) this.sent.shift();
  }
}
