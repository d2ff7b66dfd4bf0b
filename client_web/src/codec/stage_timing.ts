const WINDOW = 50;

/** Mean duration of the last 50 passes through one stage of the codec. */
export class StageTiming {
  private readonly durations: number[] = [];

  /** Runs one pass and counts how long it took. */
  measure<T>(pass: () => T): T {
    const begin = performance.now();
    try {
      return pass();
    } finally {
      this.add(performance.now() - begin);
    }
  }

  /** Counts one pass of that many milliseconds. */
  add(milliseconds: number): void {
    this.durations.push(milliseconds);
    if (this.durations.length > WINDOW) this.durations.shift();
  }

  /** Mean in milliseconds; 0 when the stage never ran. */
  get mean(): number {
    const total = this.durations.reduce((sum, duration) => sum + duration, 0);
    return this.durations.length === 0 ? 0 : total / this.durations.length;
  }
}
