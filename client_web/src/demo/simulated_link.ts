/** A link between sender and receiver on one page. */
export interface LinkProfile {
  delayMs: number;
  /** Each packet is late by up to so much more. */
  jitterMs: number;
  /** Share of packets that are lost, 0–1. */
  loss: number;
}

export const LINKS = {
  none: { delayMs: 0, jitterMs: 0, loss: 0 },
  gprs: { delayMs: 300, jitterMs: 200, loss: 0.01 },
  satellite: { delayMs: 300, jitterMs: 20, loss: 0.005 },
  lossy: { delayMs: 60, jitterMs: 20, loss: 0.05 },
} as const satisfies Record<string, LinkProfile>;

export type LinkName = keyof typeof LINKS;

const PACKET_BYTES = 1_100;

/** Messages of one sender on their way. */
export class SimulatedLink {
  private lastArrivalMs = 0;

  constructor(
    private readonly profile: () => LinkProfile,
    private readonly random: () => number = Math.random,
  ) {}

  /** Delivers a message that may be lost, like a bundle: late ones overtake nobody and nobody waits for lost ones. */
  sendOnce(deliver: () => void): void {
    const { delayMs, jitterMs, loss } = this.profile();
    if (this.random() >= loss) setTimeout(deliver, delayMs + jitterMs * this.random());
  }

  /**
   * Delivers a message in order and whole, like the pictures of a video stream: each lost packet is sent again after a
   * round trip, and all that follows waits.
   */
  sendReliably(bytes: number, deliver: () => void, nowMs: number): void {
    const { delayMs, jitterMs, loss } = this.profile();
    let tripMs = delayMs + jitterMs * this.random();
    for (let packet = 0; packet < Math.ceil(bytes / PACKET_BYTES); packet++) {
      while (this.random() < loss) tripMs += 2 * delayMs;
    }
    this.lastArrivalMs = Math.max(this.lastArrivalMs, nowMs + tripMs);
    setTimeout(deliver, this.lastArrivalMs - nowMs);
  }
}
