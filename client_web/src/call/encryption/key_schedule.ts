/**
 * When a participant's own media key is renewed and taken into use (docs/encryption.md, "Renewal"). Mirrors
 * `server/encryption/key_schedule.py`.
 */
import { drawSealingKey, type SealingKey } from './media_key';
import type { Bytes } from './primitives';
import type { Lane } from './sealed_header';
import type { SerialQueue } from './serial_queue';

const LONGEST_HANDOVER_MS = 3_000;
const LIFETIME_MS = 3_600_000;

export interface KeyScheduleListener {
  /** Sends a new key to everybody and returns to whom. */
  handOver(generation: number, secret: Bytes): Promise<ReadonlySet<number>>;
  /** What is sealed for control and keyframes from now on is under the key that has been handed over. */
  onHandedOver(): void;
  /** Voice and motion are sealed under this key from now on. */
  onSettled(key: SealingKey): void;
}

/**
 * Draws one generation after the other. A new key seals at once what follows its hand-over on reliable channels; voice
 * and motion change over when everybody has taken it, or after 3 s. Until then further renewals wait, and are one. All
 * methods but {@link keyFor} and {@link close} are to be called in tasks of the queue.
 */
export class KeySchedule {
  private waiting = new Set<number>();
  private wanted = false;
  private handoverEnd: ReturnType<typeof setTimeout> | null = null;
  private readonly expiry: ReturnType<typeof setInterval>;

  private constructor(
    private newest: SealingKey,
    private settled: SealingKey,
    private readonly queue: SerialQueue,
    private readonly listener: KeyScheduleListener,
  ) {
    this.expiry = setInterval(() => queue.run(() => this.renew()), LIFETIME_MS);
  }

  /** Begins with a key that nobody has. */
  static async begin(queue: SerialQueue, listener: KeyScheduleListener): Promise<KeySchedule> {
    const { key } = await drawSealingKey(0);
    listener.onSettled(key);
    return new KeySchedule(key, key, queue, listener);
  }

  /** The key that seals on a lane now. */
  keyFor(lane: Lane): SealingKey {
    return lane === 'keyframe' || lane === 'control' ? this.newest : this.settled;
  }

  /** Draws a new key, now or when the last one has been taken. */
  async renew(): Promise<void> {
    if (this.handoverEnd !== null) {
      this.wanted = true;
      return;
    }
    const { key, secret } = await drawSealingKey(this.newest.generation + 1);
    const recipients = await this.listener.handOver(key.generation, secret);
    this.newest = key;
    this.waiting = new Set(recipients);
    this.listener.onHandedOver();
    this.handoverEnd = setTimeout(() => this.queue.run(() => this.settle(key)), LONGEST_HANDOVER_MS);
    await this.settleIfTaken();
  }

  /** Notes that somebody has taken a generation. */
  async noteTaken(participant: number, generation: number): Promise<void> {
    if (generation !== this.newest.generation) return;
    this.waiting.delete(participant);
    await this.settleIfTaken();
  }

  /** Waits for somebody no longer. */
  async forget(participant: number): Promise<void> {
    this.waiting.delete(participant);
    await this.settleIfTaken();
  }

  close(): void {
    clearInterval(this.expiry);
    if (this.handoverEnd !== null) clearTimeout(this.handoverEnd);
  }

  private async settleIfTaken(): Promise<void> {
    if (this.waiting.size === 0) await this.settle(this.newest);
  }

  private async settle(key: SealingKey): Promise<void> {
    if (this.handoverEnd === null || key !== this.newest) return;
    clearTimeout(this.handoverEnd);
    this.handoverEnd = null;
    this.settled = key;
    this.listener.onSettled(key);
    if (!this.wanted) return;
    this.wanted = false;
    await this.renew();
  }
}
