/**
 * What is sent again behind later voice packets, so that a lost one costs nothing (docs/wire-format.md, "Copies").
 * Mirrors `server/webrtc/redundancy.py`.
 */

/** The first byte of a copy; that of a bundle has its version, 1, in the high four bits. */
const COPY = 0x20;
const HEADER_BYTES = 2;
/** Ages are counted in the shortest Opus frames, 2.5 ms. */
const SAMPLES_PER_STEP = 120;
const MAX_STEPS = 255;
const TIMESTAMPS = 2 ** 32;
/** Opus says with a packet of one or two bytes that the voice pauses: there is nothing in it to lose. */
const PAUSE_BYTES = 2;

/** How often more than once each packet and bundle may be sent. */
export type RedundancyDepth = 0 | 1 | 2;

/** An earlier voice packet, sent again. */
export interface VoiceCopy {
  /** Of the packet behind which it came, less its own; samples at 48 kHz. */
  age: number;
  packet: Uint8Array;
}

interface Sent {
  /** Samples at 48 kHz, modulo 2³². */
  timestamp: number;
  voice: Uint8Array;
  bundles: readonly Uint8Array[];
}

/** Remembers the packets that went out last. */
export class Redundancy {
  depth: RedundancyDepth = 0;
  private sent: Sent[] = [];

  /** What to send again behind the packet of this timestamp: voices and bundles of the last few, oldest first. */
  itemsFor(timestamp: number): Uint8Array[] {
    const recent = this.sent.slice(this.sent.length - Math.min(this.depth, this.sent.length));
    const copies = recent.flatMap(({ voice, timestamp: sentAt }) => {
      const steps = ((timestamp - sentAt + TIMESTAMPS) % TIMESTAMPS) / SAMPLES_PER_STEP;
      const fits = Number.isInteger(steps) && steps > 0 && steps <= MAX_STEPS && voice.length > PAUSE_BYTES;
      return fits ? [Uint8Array.of(COPY, steps, ...voice)] : [];
    });
    return [...copies, ...recent.flatMap(({ bundles }) => bundles)];
  }

  /** Takes note of a packet that goes out, with the bundles that it is the first to carry. */
  note(timestamp: number, voice: Uint8Array, bundles: readonly Uint8Array[]): void {
    this.sent = [...this.sent, { timestamp, voice: voice.slice(), bundles }].slice(-2);
  }
}

/** Tells copies from bundles among what came behind a voice packet. */
export function sortItems(items: readonly Uint8Array[]): { bundles: Uint8Array[]; copies: VoiceCopy[] } {
  const bundles: Uint8Array[] = [];
  const copies: VoiceCopy[] = [];
  for (const item of items) {
    if (item[0] !== COPY) bundles.push(item);
    else if (item.length > HEADER_BYTES) {
      copies.push({ age: (item[1] ?? 0) * SAMPLES_PER_STEP, packet: item.subarray(HEADER_BYTES) });
    }
  }
  return { bundles, copies };
}

const REMEMBERED = 16;

/** Knows which packets of one voice have been played. */
export class PlayedVoices {
  private timestamps: number[] = [];

  /** Returns those copies behind the packet of this timestamp that have not come yet. */
  missing(timestamp: number, copies: readonly VoiceCopy[]): VoiceCopy[] {
    return copies.filter(({ age }) => !this.timestamps.includes((timestamp - age + TIMESTAMPS) % TIMESTAMPS));
  }

  /** Takes note of a packet that is played, and of the copies that go with it. */
  note(timestamp: number, copies: readonly VoiceCopy[]): void {
    const restored = copies.map(({ age }) => (timestamp - age + TIMESTAMPS) % TIMESTAMPS);
    this.timestamps = [...this.timestamps, ...restored, timestamp].slice(-REMEMBERED);
  }
}
