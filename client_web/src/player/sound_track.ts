/** The sound of a film: all voices decoded (WebCodecs) and mixed, read a stretch at a time. */
import type { FilmParticipant, FilmVoice } from './film';

export const SAMPLE_RATE = 48_000;
const CONFIGURATION: AudioDecoderConfig = { codec: 'opus', sampleRate: SAMPLE_RATE, numberOfChannels: 1 };
/** Decoding begins so much before a place in the middle, so that the decoder has settled there. */
const RUN_UP = SAMPLE_RATE / 5;

/** Reads mixed sound; on and on cheaply, elsewhere by beginning anew. One call at a time. */
export class SoundTrack {
  private readonly voices: VoiceReader[];

  constructor(participants: readonly FilmParticipant[]) {
    this.voices = participants.filter(({ voice }) => voice.length > 0).map(({ voice }) => new VoiceReader(voice));
  }

  /** Mono samples (48 kHz, ±1) from sample `start` of the recording on. */
  async read(start: number, count: number): Promise<Float32Array<ArrayBuffer>> {
    const mixed = new Float32Array(count);
    for (const voice of this.voices) await voice.addTo(mixed, start);
    return mixed.map((sample) => Math.max(-1, Math.min(1, sample)));
  }

  close(): void {
    for (const voice of this.voices) voice.close();
  }
}

/** One voice's packets, decoded in order as they are needed. */
class VoiceReader {
  private decoder: AudioDecoder | null = null;
  private next = 0;
  private position = NaN;
  private decoded: { start: number; samples: Float32Array }[] = [];
  /** Where the packets begin that are being decoded. */
  private waiting: number[] = [];
  private onNews: () => void = () => {};

  constructor(private readonly voice: readonly FilmVoice[]) {}

  /** Adds this voice to `mixed`, which begins at sample `start`. */
  async addTo(mixed: Float32Array, start: number): Promise<void> {
    const end = start + mixed.length;
    if (start !== this.position) this.beginAt(start);
    this.position = end;
    await this.decodeUntil(end);
    for (const piece of this.decoded) {
      const from = Math.max(start, piece.start);
      const to = Math.min(end, piece.start + piece.samples.length);
      for (let at = from; at < to; at++) mixed[at - start]! += piece.samples[at - piece.start]!;
    }
    this.decoded = this.decoded.filter((piece) => piece.start + piece.samples.length > end);
  }

  close(): void {
    if (this.decoder?.state === 'configured') this.decoder.close();
    this.decoder = null;
  }

  private beginAt(start: number): void {
    this.close();
    this.decoded = [];
    this.waiting = [];
    const found = this.voice.findIndex((packet) => packet.start + packet.samples > start - RUN_UP);
    this.next = found < 0 ? this.voice.length : found;
  }

  private async decodeUntil(end: number): Promise<void> {
    while ((this.voice[this.next]?.start ?? Infinity) < end) this.decode(this.voice[this.next++]!);
    const { decoder } = this;
    if (this.waiting.length === 0 || decoder === null) return;
    // A decoder may hold a packet back until it has the one after it, or is told that there is none.
    if (this.next === this.voice.length) {
      await decoder.flush().catch(() => {});
      this.waiting = [];
      return;
    }
    this.decode(this.voice[this.next++]!);
    while (this.waiting.length > 1 && decoder === this.decoder && decoder.state === 'configured') {
      await new Promise<void>((resolve) => (this.onNews = resolve));
    }
  }

  private decode({ packet, start }: FilmVoice): void {
    // A broken packet has closed the decoder: the next one begins anew.
    if (this.decoder?.state !== 'configured') {
      this.decoder = new AudioDecoder({ output: (sound) => this.take(sound), error: () => this.onNews() });
      this.decoder.configure(CONFIGURATION);
      this.waiting = [];
    }
    this.waiting.push(start);
    const timestamp = Math.round((start * 1e6) / SAMPLE_RATE);
    this.decoder.decode(new EncodedAudioChunk({ type: 'key', timestamp, data: packet }));
  }

  /** Sound comes in the packets' order; the times that it carries know of no pauses (Chromium). */
  private take(sound: AudioData): void {
    const samples = new Float32Array(sound.numberOfFrames);
    sound.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
    sound.close();
    const start = this.waiting.shift();
    if (start !== undefined) this.decoded.push({ start, samples });
    this.onNews();
  }
}
