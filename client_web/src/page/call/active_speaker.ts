const SWITCH_MS = 700;

/** Who is shown large: whoever speaks while the one before is silent, and not for every short word. */
export class ActiveSpeaker {
  private current: number | null = null;
  private challenger: { id: number; sinceMs: number } | null = null;

  /**
   * Takes who speaks at `nowMs`, of those `present`, and says who is to be shown large.
   * Returns `null` only if nobody is present.
   */
  update(speaking: readonly number[], present: readonly number[], nowMs: number): number | null {
    if (this.current === null || !present.includes(this.current)) this.current = speaking[0] ?? present[0] ?? null;
    const [next] = speaking;
    if (next === undefined || this.current === null || speaking.includes(this.current)) {
      this.challenger = null;
    } else if (this.challenger?.id !== next) {
      this.challenger = { id: next, sinceMs: nowMs };
    } else if (nowMs - this.challenger.sinceMs >= SWITCH_MS) {
      this.current = next;
      this.challenger = null;
    }
    return this.current;
  }
}
