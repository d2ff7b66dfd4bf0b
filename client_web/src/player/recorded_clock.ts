/** When the bundles of a recording are to be shown: mirrors server/native/recorded_clock.py, which says why. */
import { TICK_MS, TIME_MODULUS } from '../codec/bundle';

const WINDOW_MS = 15_000;
const USUAL_SPAN_MS = 120;
const LONGEST_SPAN_MS = 640;
const RESTART_MS = 2_000;

/** When a bundle was recorded, and the time that it carries. */
export interface RecordedTime {
  /** Ms of the recording. */
  timeMs: number;
  /** Of the first frame, on the sender's clock, modulo 2²⁴. */
  timeTicks: number;
}

/** When to show the first frame of each bundle of a clip, ms of the recording; in file order. */
export function clipTimesMs(bundles: readonly RecordedTime[]): number[] {
  return bundles.map(({ timeMs, timeTicks }) => {
    const stands = Math.round(timeMs / TICK_MS);
    const earlyMs = wrapped(stands - timeTicks) * TICK_MS;
    return Math.abs(earlyMs) <= WINDOW_MS ? stands * TICK_MS - earlyMs : timeMs - USUAL_SPAN_MS;
  });
}

/** When to show the first frame of each bundle of one participant of a call, ms of the recording; in file order. */
export function showTimesMs(bundles: readonly RecordedTime[]): number[] {
  const media: number[] = [];
  for (const { timeTicks } of bundles) {
    const before = media.at(-1) ?? timeTicks;
    media.push(before + wrapped(timeTicks - before));
  }
  const offsets = bundles.map(({ timeMs }, index) => timeMs - media[index]! * TICK_MS);
  const spanMs = usualSpanMs(media);
  let [first, end] = [0, 0];
  return bundles.map(({ timeMs }, index) => {
    while (end < bundles.length && bundles[end]!.timeMs <= timeMs + WINDOW_MS) end++;
    while (bundles[first]!.timeMs < timeMs - WINDOW_MS) first++;
    let fastest = offsets[index]!;
    for (let other = first; other < end; other++) {
      // A clock that started over is another clock.
      if (Math.abs(offsets[other]! - offsets[index]!) < RESTART_MS) fastest = Math.min(fastest, offsets[other]!);
    }
    return media[index]! * TICK_MS + fastest - spanMs;
  });
}

/** A difference of ticks, at most half of what they count to. */
function wrapped(ticks: number): number {
  const half = TIME_MODULUS / 2;
  return ((((ticks + half) % TIME_MODULUS) + TIME_MODULUS) % TIME_MODULUS) - half;
}

/** The usual time from a bundle's first frame to the next one's. */
function usualSpanMs(media: readonly number[]): number {
  const steps = media.slice(1).map((ticks, index) => (ticks - media[index]!) * TICK_MS);
  const usual = steps.filter((step) => step > 0 && step <= LONGEST_SPAN_MS).sort((one, other) => one - other);
  if (usual.length === 0) return USUAL_SPAN_MS;
  const middle = (usual.length - 1) / 2;
  return (usual[Math.floor(middle)]! + usual[Math.ceil(middle)]!) / 2;
}
