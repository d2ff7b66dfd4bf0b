/** Counters that are remembered, from the newest on back. */
export const WINDOW = 64;

/**
 * Completes counters of one lane of which the low bits came, and knows those of the newest 64 that have been accepted
 * (docs/encryption.md, "Replay"). Mirrors `server/encryption/replay_window.py`.
 */
export class ReplayWindow {
  private newest = -1;
  private readonly seen = new Set<number>();

  /** The counter with these low `bits`, from 63 before the newest on; may be negative at the start. */
  complete(low: number, bits: number): number {
    const modulus = 2 ** bits;
    const oldest = this.newest - WINDOW + 1;
    return oldest + ((((low - oldest) % modulus) + modulus) % modulus);
  }

  /** Whether a completed counter may be accepted. */
  isNew(counter: number): boolean {
    return counter >= 0 && counter > this.newest - WINDOW && !this.seen.has(counter);
  }

  /** Notes a counter whose packet was good. */
  accept(counter: number): void {
    this.newest = Math.max(this.newest, counter);
    this.seen.add(counter);
    for (const known of this.seen) if (known <= this.newest - WINDOW) this.seen.delete(known);
  }
}
