import { signal } from '@preact/signals-core';
import { ByteRate } from './byte_rate';

const HISTORY_SECONDS = 60;

/** What a codec costs, measured; to be updated once a second. */
export class RateHistory {
  /** Kilobits a second of the codec's own bytes, the mean of 5 s. */
  readonly kbps = signal(0);
  /** The rate of each second of the last minute, oldest first. */
  readonly past = signal<readonly number[]>([]);
  private readonly rate = new ByteRate();

  noteSent(bytes: number, nowMs: number): void {
    this.rate.add(bytes, nowMs);
  }

  update(nowMs: number): void {
    this.kbps.value = this.rate.kbps(nowMs);
    this.past.value = [...this.past.value, this.kbps.value].slice(-HISTORY_SECONDS);
  }
}
