const MODULUS = 1 << 16;
/** Sequence numbers that are remembered; what is further back, or further ahead, begins a new sequence. */
const WINDOW = 64;
const LARGEST_JUMP = 1_000;

/** Watches the sequence numbers of one sender's bundles (docs/wire-format.md, "Bundle": bytes 1 and 2). */
export class BundleSequence {
  /** Bundles that have not come, though later ones have. */
  lost = 0;
  /** Bundles that came more than once. */
  duplicates = 0;
  private newest: number | null = null;
  private readonly seen = new Set<number>();

  /** Counts a bundle; `false` if it has come before and is to be dropped. */
  accept(bundle: Uint8Array): boolean {
    const number = ((bundle[1] ?? 0) << 8) | (bundle[2] ?? 0);
    const step = this.newest === null ? 1 : ((number - this.newest + MODULUS + MODULUS / 2) % MODULUS) - MODULUS / 2;
    if (this.newest === null || step > LARGEST_JUMP || step <= -WINDOW) {
      this.seen.clear();
      this.newest = number;
    } else if (step > 0) {
      this.lost += step - 1;
      this.newest = number;
    } else if (this.seen.has(number)) {
      this.duplicates += 1;
      return false;
    } else {
      this.lost = Math.max(0, this.lost - 1);
    }
    this.seen.add(number);
    for (const known of this.seen) {
      if ((this.newest - known + MODULUS) % MODULUS >= WINDOW) this.seen.delete(known);
    }
    return true;
  }
}

/** The time of a bundle's first frame in ticks of 10 ms, modulo 2²⁴ (docs/wire-format.md, "Bundle": bytes 3 to 5). */
export function timeTicksOf(bundle: Uint8Array): number {
  return ((bundle[3] ?? 0) << 16) | ((bundle[4] ?? 0) << 8) | (bundle[5] ?? 0);
}
