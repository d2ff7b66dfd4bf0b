/** Keyframes on the `keyframe` channel (docs/wire-format.md, "Slices"): cut up, paced, put together again. */
import { CallError } from './errors';
import { EVERYBODY } from './control';

export const MAX_SLICE_BYTES = 1_000;
export const SLICE_INTERVAL_MS = 60;

const SLICE_HEADER_BYTES = 3;
const MAX_SLICES = 255;
const MAX_UNFINISHED = 4;
/** Browsers slow the timers of hidden tabs to one a second; this many slices make up for it. */
const MAX_CATCH_UP_SLICES = 4;
const REQUEST_ANSWER_INTERVAL_MS = 1_000;

/** Where slices go. */
export interface SliceOutlet {
  /** Whether the channel is open and nearly empty. */
  ready(): boolean;
  /** Sends one slice to a participant, or to everybody (0). */
  send(recipient: number, slice: Uint8Array): void;
}

/**
 * Cuts a keyframe into slices of nearly equal length.
 * @param blob a whole keyframe, 2–255 000 bytes; its second byte is its number.
 * @param sliceBytes how long a slice may be, at most 1 000; longer ones are made where 255 would not do.
 * @throws {CallError} `bad-slice` if the length of the keyframe is outside that.
 */
export function sliceKeyframe(blob: Uint8Array, sliceBytes: number = MAX_SLICE_BYTES): Uint8Array[] {
  const most = Math.max(Math.min(sliceBytes, MAX_SLICE_BYTES), Math.ceil(blob.length / MAX_SLICES));
  const count = Math.ceil(blob.length / most);
  if (blob.length < 2 || blob.length > MAX_SLICES * MAX_SLICE_BYTES) {
    throw new CallError('bad-slice', `A keyframe of ${blob.length} bytes cannot be sliced; it needs 2 to 255 000.`);
  }
  const number = blob[1] as number;
  const length = Math.ceil(blob.length / count);
  return Array.from({ length: count }, (_, index) => {
    const bytes = blob.subarray(index * length, (index + 1) * length);
    const slice = new Uint8Array(SLICE_HEADER_BYTES + bytes.length);
    slice.set([number, index, count]);
    slice.set(bytes, SLICE_HEADER_BYTES);
    return slice;
  });
}

interface Unfinished {
  count: number;
  slices: Map<number, Uint8Array>;
}

/** Puts one sender's slices together. Holds at most four unfinished keyframes; the oldest is given up first. */
export class KeyframeAssembler {
  private readonly unfinished = new Map<number, Unfinished>();

  /**
   * Takes one slice and returns the whole keyframe if that was the last missing one, else `null`.
   * @throws {CallError} `bad-slice` if the slice breaks the format; what was collected stays.
   */
  push(slice: Uint8Array): Uint8Array | null {
    const [number, index, count] = slice;
    if (number === undefined || index === undefined || count === undefined) {
      throw new CallError('bad-slice', `A keyframe slice of ${slice.length} bytes is too short; dropped.`);
    }
    const bytes = slice.slice(SLICE_HEADER_BYTES);
    if (bytes.length === 0 || bytes.length > MAX_SLICE_BYTES) {
      throw new CallError('bad-slice', `A keyframe slice carries ${bytes.length} bytes, not 1 to 1 000; dropped.`);
    }
    if (index >= count) {
      throw new CallError('bad-slice', `A keyframe slice has index ${index} of ${count}; dropped.`);
    }
    let entry = this.unfinished.get(number);
    if (entry === undefined || entry.count !== count || index === 0) {
      this.unfinished.delete(number);
      entry = { count, slices: new Map() };
      this.unfinished.set(number, entry);
      this.giveUpOldest();
    }
    entry.slices.set(index, bytes);
    if (entry.slices.size < count) return null;
    this.unfinished.delete(number);
    return join(entry);
  }

  private giveUpOldest(): void {
    for (const number of this.unfinished.keys()) {
      if (this.unfinished.size <= MAX_UNFINISHED) return;
      this.unfinished.delete(number);
    }
  }
}

function join({ count, slices }: Unfinished): Uint8Array {
  const parts = Array.from({ length: count }, (_, index) => slices.get(index) as Uint8Array);
  const blob = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    blob.set(part, offset);
    offset += part.length;
  }
  return blob;
}

/** The keyframes that others may need again, as whole blobs. */
export interface KeyframeStore {
  /** What somebody needs who has none, in order. */
  keyframesInUse(): readonly Uint8Array[];
  /** The chain of the keyframe of this number and all after it; the newest chain if it is gone. */
  keyframesSince(number: number): readonly Uint8Array[];
  /** Everybody has the keyframe of this number: frames may be drawn from it. */
  confirmKeyframe?(number: number): void;
  /** What keyframes may cost on average, kbit/s. */
  setKeyframeKbps?(kbps: number): void;
}

/** Keyframes on their way together, in order: each may continue the one before it. */
interface Delivery {
  recipient: number;
  /** The recipient waits for it, and shows nothing new meanwhile. */
  urgent: boolean;
  numbers: number[];
  blobs: Uint8Array[];
  /** Of the first of them, what has not gone out. */
  slices: Uint8Array[];
}

/** How fast slices follow each other, and how long they are. */
export interface SlicePace {
  /** On the wire. */
  kbps: number;
  /** The same of what somebody waits for. */
  urgentKbps: number;
  bytes: number;
}

/** Headers of a slice: IPv4 20, UDP 8, DTLS 37, SCTP 28, envelope and slice 4, seal 12. */
const SLICE_OVERHEAD_BYTES = 109;
const LARGEST_SLICE_ON_WIRE = MAX_SLICE_BYTES + 3 + SLICE_OVERHEAD_BYTES;

/** Sends keyframes one slice at a time, so that a keyframe never keeps the voice waiting on a thin link. */
export class KeyframeSender {
  /** To be set to what the link carries. */
  pace: SlicePace = { kbps: 150, urgentKbps: 150, bytes: MAX_SLICE_BYTES };
  private readonly queue: Delivery[] = [];
  /** When a keyframe last went out completely, by recipient and number. */
  private readonly sentAtMs = new Map<string, number>();
  private readonly timer: ReturnType<typeof setInterval>;
  private lastTickMs = performance.now();
  private creditBytes = 0;

  constructor(
    /** The `keyframe` channel. */
    private readonly outlet: SliceOutlet,
    private readonly store: KeyframeStore,
  ) {
    this.timer = setInterval(() => this.sendDueSlices(performance.now()), SLICE_INTERVAL_MS);
  }

  /** Queues a keyframe for everybody. */
  send(blob: Uint8Array): void {
    this.deliver([blob], EVERYBODY, false);
  }

  /** Queues the keyframes in use for `recipient` (0 = everybody) unless they wait for it already. */
  sendInUse(recipient: number = EVERYBODY): void {
    this.deliver(this.store.keyframesInUse(), recipient);
  }

  /** Queues for `recipient` what came after the keyframe `newest`; what is in use if that is gone, or none (`null`). */
  sendAfter(recipient: number, newest: number | null): void {
    const known = newest === null ? [] : this.store.keyframesSince(newest);
    const position = known.findIndex((blob) => blob[1] === newest);
    this.deliver(position < 0 ? this.store.keyframesInUse() : known.slice(position + 1), recipient);
  }

  /**
   * Answers a `keyframe-request`: with its chain and all after it, or with the newest chain if it is gone. Not if
   * it waits for that recipient, or went to it within the last second and may be on its way.
   */
  answer(recipient: number, number: number, nowMs: number = performance.now()): void {
    const blobs = this.store.keyframesSince(number);
    const wanted = blobs.at(-1)?.[1];
    const recent = [recipient, EVERYBODY].some((to) => {
      const sentAtMs = this.sentAtMs.get(`${to}:${wanted}`);
      return sentAtMs !== undefined && nowMs - sentAtMs < REQUEST_ANSWER_INTERVAL_MS;
    });
    if (!recent && !this.waits(EVERYBODY, wanted)) this.deliver(blobs, recipient);
  }

  /** Forgets what still waits for a participant that left. */
  forget(recipient: number): void {
    for (let index = this.queue.length - 1; index >= 0; index -= 1) {
      if (this.queue[index]?.recipient === recipient) this.queue.splice(index, 1);
    }
  }

  /** Whether everything has gone out. */
  get isIdle(): boolean {
    return this.queue.length === 0;
  }

  close(): void {
    clearInterval(this.timer);
    this.queue.length = 0;
  }

  private deliver(blobs: readonly Uint8Array[], recipient: number, urgent = true): void {
    const numbers = blobs.map((blob) => blob[1] as number);
    if (blobs.length === 0 || this.waits(recipient, numbers.at(-1))) return;
    this.queue.push({ recipient, urgent, numbers, blobs: [...blobs], slices: [] });
  }

  private waits(recipient: number, number: number | undefined): boolean {
    return this.queue.some((entry) => entry.recipient === recipient && entry.numbers.some((one) => one === number));
  }

  private sendDueSlices(nowMs: number): void {
    const kbps = this.queue.some(({ urgent }) => urgent) ? this.pace.urgentKbps : this.pace.kbps;
    const earned = ((nowMs - this.lastTickMs) * kbps) / 8;
    this.lastTickMs = nowMs;
    const mostBytes = (this.queue.length > 0 ? MAX_CATCH_UP_SLICES : 1) * LARGEST_SLICE_ON_WIRE;
    this.creditBytes = Math.min(this.creditBytes + earned, mostBytes);
    if (!this.outlet.ready()) return;
    for (let slice = this.nextSlice(); slice !== null; slice = this.nextSlice()) {
      const bytes = slice.length + SLICE_OVERHEAD_BYTES;
      if (bytes > this.creditBytes) return;
      this.creditBytes -= bytes;
      this.sendNextSlice();
    }
  }

  /** Returns the slice whose turn it is; a keyframe is cut up when its turn comes. */
  private nextSlice(): Uint8Array | null {
    const entry = this.queue[0];
    if (entry === undefined) return null;
    if (entry.slices.length === 0) entry.slices = sliceKeyframe(entry.blobs.shift() as Uint8Array, this.pace.bytes);
    return entry.slices[0] ?? null;
  }

  private sendNextSlice(): void {
    const entry = this.queue[0];
    const slice = entry?.slices.shift();
    if (entry === undefined || slice === undefined) return;
    this.outlet.send(entry.recipient, slice);
    if (entry.slices.length > 0 || entry.blobs.length > 0) return;
    this.queue.shift();
    for (const number of entry.numbers) this.sentAtMs.set(`${entry.recipient}:${number}`, performance.now());
  }
}
