/** Hears one face's voice: packets are decoded as they come, their sound goes to the decoder when the renderer has time. */
import type { Decoder } from '../decoder';
import { SAMPLE_RATE } from './features';
import { FRAME_MS } from './networks';
import { VoiceTap, type HeardSound, type VoicePacket } from './voice_tap';

/** Older sound is worth nothing any more: the renderer has stood still. */
const MOST_WAITING = 32;

export class Ear {
  private waiting: HeardSound[] = [];
  private readonly tap = new VoiceTap((sound) => (this.waiting = [...this.waiting, sound].slice(-MOST_WAITING)));

  push(packet: VoicePacket): void {
    this.tap.push(packet);
  }

  /** Lets the decoder hear what has come. Returns how many frames of 40 ms that was. */
  async feed(decoder: Decoder): Promise<number> {
    let samples = 0;
    for (const sound of this.waiting.splice(0)) {
      await decoder.addSound(sound);
      samples += sound.samples.length;
    }
    return (1000 * samples) / SAMPLE_RATE / FRAME_MS;
  }

  /** Returns the time of an RTP timestamp on the voice's own clock, which does not wrap, ms; null before the first packet. */
  timeOf(timestamp: number): number | null {
    return this.tap.timeOf(timestamp);
  }

  close(): void {
    this.tap.close();
  }
}
