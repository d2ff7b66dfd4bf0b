/** What time it is on another participant's clock, that of its bundles, so that delays from camera to screen can be told. */
import { TICK_MS, TIME_MODULUS } from '../codec/bundle';

/** Where the times in bundles begin anew, ms. */
export const CLOCK_MODULUS_MS = TICK_MS * TIME_MODULUS;

const FIRST_ASK_MS = 2_000;
const ASK_INTERVAL_MS = 30_000;
/** Clocks drift: what was said longer ago does not count. */
const MEMORY_MS = 120_000;

interface Answer {
  atMs: number;
  roundTripMs: number;
  offsetMs: number;
}

/**
 * Asks one participant for its clock now and then, and keeps the answer that came fastest: it can be wrong by no more than
 * half of its round trip (RFC 5905, section 8). All times are whole ms since 1970.
 */
export class SenderClock {
  private answers: Answer[] = [];
  private nextMs: number;

  constructor(nowMs: number) {
    this.nextMs = nowMs + FIRST_ASK_MS;
  }

  /** Whether to ask now. */
  isDue(nowMs: number): boolean {
    if (nowMs < this.nextMs) return false;
    this.nextMs = nowMs + ASK_INTERVAL_MS;
    return true;
  }

  /** Takes an answer: when it was asked, and what the other's clock showed, modulo `CLOCK_MODULUS_MS`. */
  note(askedMs: number, shownMs: number, nowMs: number): void {
    const roundTripMs = nowMs - askedMs;
    if (roundTripMs < 0 || roundTripMs > ASK_INTERVAL_MS) return;
    const recent = this.answers.filter(({ atMs }) => nowMs - atMs < MEMORY_MS);
    this.answers = [...recent, { atMs: nowMs, roundTripMs, offsetMs: shownMs + roundTripMs / 2 - nowMs }];
  }

  /** How far the other's clock is ahead of ours, ms, modulo `CLOCK_MODULUS_MS`; `null` before it has said. */
  get offsetMs(): number | null {
    const [best] = [...this.answers].sort((one, other) => one.roundTripMs - other.roundTripMs);
    return best?.offsetMs ?? null;
  }
}

/**
 * How old a picture is when it is shown, ms, if `behindMs` is how much later than the times in its sender's bundles say it
 * comes by our own clock.
 */
export function pictureAgeMs(offsetMs: number, behindMs: number): number {
  const age = (((offsetMs + behindMs) % CLOCK_MODULUS_MS) + CLOCK_MODULUS_MS) % CLOCK_MODULUS_MS;
  return age > CLOCK_MODULUS_MS / 2 ? age - CLOCK_MODULUS_MS : age;
}
