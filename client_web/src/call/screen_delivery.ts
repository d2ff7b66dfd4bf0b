/** Updates of a shared screen on the `keyframe` channel (docs/wire-format.md, "Screen update"): behind everything else. */
import { EVERYBODY } from './control';
import { CallError } from './errors';
import { KeyframeAssembler, SLICE_INTERVAL_MS, sliceKeyframe, type SliceOutlet } from './keyframe_delivery';

/** What a shared screen may take of a link that carries more, kbit/s on the wire. */
export const SCREEN_KBPS = 18;

/** Where a keyframe's slice has their number, which is never 0. */
const MARK_OFFSET = 2;
/** Headers of a slice: IPv4 20, UDP 8, DTLS 37, SCTP 28, envelope and slice 5, seal 12. */
const SLICE_OVERHEAD_BYTES = 110;
/** An update as a whole. */
export const MAX_UPDATE_BYTES = 32_768;

/** Whether what came on the `keyframe` channel belongs to a shared screen. */
export function isScreenSlice(slice: Uint8Array): boolean {
  return slice[MARK_OFFSET] === 0;
}

/** Puts the slices of one sender's updates together. */
export class ScreenAssembler {
  private readonly slices = new KeyframeAssembler();

  /**
   * Takes one slice and returns the whole update if that was the last missing one, else `null`.
   * @throws {CallError} `bad-slice` if the slice breaks the format, or the update is longer than updates are.
   */
  push(slice: Uint8Array): Uint8Array | null {
    const update = this.slices.push(unmark(slice));
    if (update !== null && update.length > MAX_UPDATE_BYTES) {
      throw new CallError('bad-slice', `A screen update of ${update.length} bytes came, of at most ${MAX_UPDATE_BYTES}; dropped.`);
    }
    return update;
  }
}

interface Waiting {
  recipient: number;
  slices: Uint8Array[];
}

/** Sends updates slice by slice, never faster than the pace, and only while nothing else waits. */
export class ScreenSender {
  /** To be set to what the link carries. */
  pace: { kbps: number; bytes: number } = { kbps: SCREEN_KBPS, bytes: 500 };
  private readonly queue: Waiting[] = [];
  private readonly timer = setInterval(() => this.sendDue(performance.now()), SLICE_INTERVAL_MS);
  private lastTickMs = performance.now();
  private creditBytes = 0;

  /** @param outlet `ready` only when keyframes and what waits in the channel have left. */
  constructor(private readonly outlet: SliceOutlet) {}

  send(recipient: number, update: Uint8Array): void {
    this.queue.push({ recipient, slices: sliceKeyframe(update, this.pace.bytes).map(mark) });
  }

  /** How many updates still wait, wholly or in part, for that recipient; for anybody with 0. */
  waiting(recipient: number): number {
    return this.queue.filter((entry) => recipient === EVERYBODY || entry.recipient === recipient).length;
  }

  /** Forgets what still waits for a participant that left. */
  forget(recipient: number): void {
    const others = this.queue.filter((entry) => entry.recipient !== recipient);
    this.queue.splice(0, this.queue.length, ...others);
  }

  /** Forgets what waits: the screen is no longer shared. */
  clear(): void {
    this.queue.length = 0;
  }

  close(): void {
    clearInterval(this.timer);
    this.clear();
  }

  private sendDue(nowMs: number): void {
    const { kbps, bytes } = this.pace;
    const earned = ((nowMs - this.lastTickMs) * Math.min(kbps, SCREEN_KBPS)) / 8;
    this.lastTickMs = nowMs;
    const most = bytes + SLICE_OVERHEAD_BYTES;
    this.creditBytes = Math.min(this.creditBytes + earned, this.queue.length > 0 ? 2 * most : most);
    const [entry] = this.queue;
    const slice = entry?.slices[0];
    if (entry === undefined || slice === undefined || !this.outlet.ready()) return;
    if (slice.length + SLICE_OVERHEAD_BYTES > this.creditBytes) return;
    this.creditBytes -= slice.length + SLICE_OVERHEAD_BYTES;
    this.outlet.send(entry.recipient, slice);
    entry.slices.shift();
    if (entry.slices.length === 0) this.queue.shift();
  }
}

/** A keyframe's slice as a screen's: a 0 before the number of slices. */
function mark(slice: Uint8Array): Uint8Array {
  return Uint8Array.from([...slice.subarray(0, MARK_OFFSET), 0, ...slice.subarray(MARK_OFFSET)]);
}

function unmark(slice: Uint8Array): Uint8Array {
  return Uint8Array.from([...slice.subarray(0, MARK_OFFSET), ...slice.subarray(MARK_OFFSET + 1)]);
}
