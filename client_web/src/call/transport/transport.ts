/** How bundles travel to everybody in the room (docs/protocol.md, "Transports"). */

/** `thin`: behind the sound of voice packets. `datachannel`: as messages of the channel `motion`. */
export type TransportName = 'thin' | 'datachannel';

/** Which transports may be used: `auto` takes the thin one wherever it works. */
export type TransportPreference = 'auto' | 'datachannel';

/** When a voice packet came. */
export interface VoiceArrival {
  /** Of the RTP packet: samples at 48 kHz, modulo 2³². */
  timestamp: number;
  /** When it reached the browser's network process, where a busy page keeps nothing waiting; ms since 1970. */
  atMs: number;
}

/** When a voice packet began to be played. */
export interface VoicePlayed {
  /** Of the RTP packet: samples at 48 kHz, modulo 2³². */
  timestamp: number;
  /** When it left the jitter buffer for the loudspeaker, ms since 1970. */
  playedMs: number;
}

/** One way for bundles; each goes out at most once. */
export interface BundleTransport {
  /** Sends a bundle of at most 1 150 bytes to everybody. */
  send(bundle: Uint8Array<ArrayBuffer>): void;
}

/** With more others than that the relay forwards only the loudest voices, and whatever lies behind the rest is lost. */
const MOST_HEARERS = 3;

/** Bundles and their bytes that travelled in voice packets, in each direction. */
export interface TrailerCounters {
  bundlesSent: number;
  bytesSent: number;
  /** Packets that carried bundles and no sound. */
  soundlessSent: number;
  bundlesReceived: number;
  bytesReceived: number;
  soundlessReceived: number;
  /** Bundles that no voice packet took and that went by data channel. */
  bundlesReturned: number;
}

/** Chooses a transport for each bundle: the thin one if this browser has it and everybody in the room reads it. */
export class BundleSender {
  private readonly readers = new Set<number>();

  /** @param thin `null` where there is none. */
  constructor(
    private readonly channel: BundleTransport,
    private readonly thin: BundleTransport | null,
  ) {}

  /** Notes that trailers of our voice reach `participant`, or no longer do. */
  note(participant: number, reads: boolean): void {
    if (reads) this.readers.add(participant);
    else this.readers.delete(participant);
  }

  /** Sends a bundle to the others in the room, whose ids are `participants`. */
  send(bundle: Uint8Array<ArrayBuffer>, participants: Iterable<number>): void {
    const others = [...participants];
    const everybodyReads = others.every((participant) => this.readers.has(participant));
    const transport = everybodyReads && others.length <= MOST_HEARERS ? (this.thin ?? this.channel) : this.channel;
    transport.send(bundle);
  }
}
