import { signal, type ReadonlySignal } from '@preact/signals';

/** Something that is shown for a while: a signal that goes back to `null`. */
export class Fleeting<Value> {
  private readonly shown = signal<Value | null>(null);
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly forMs: number) {}

  get current(): ReadonlySignal<Value | null> {
    return this.shown;
  }

  /** Shows it, in place of what is shown now. */
  show(value: Value): void {
    clearTimeout(this.timer);
    this.shown.value = value;
    this.timer = setTimeout(() => (this.shown.value = null), this.forMs);
  }

  clear(): void {
    clearTimeout(this.timer);
    this.shown.value = null;
  }
}
