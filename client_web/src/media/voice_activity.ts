/** Is somebody speaking? Loudness with hysteresis. */

/** Loudness is the root mean square of samples in −1…1. */
export interface VoiceGateSettings {
  onLoudness: number;
  offLoudness: number;
  /** Milliseconds that the gate stays open after the last loud moment, so that pauses between words do not flicker. */
  hangoverMs: number;
}

const DEFAULT_SETTINGS: VoiceGateSettings = { onLoudness: 0.016, offLoudness: 0.008, hangoverMs: 350 };

/** Opens above one loudness, closes below a lower one, and not at once. */
export class VoiceGate {
  private active = false;
  private lastLoudMs = -Infinity;

  constructor(private readonly settings: VoiceGateSettings = DEFAULT_SETTINGS) {}

  /** Takes the loudness at `nowMs` and says whether there is voice. */
  update(loudness: number, nowMs: number): boolean {
    const { onLoudness, offLoudness, hangoverMs } = this.settings;
    if (loudness >= (this.active ? offLoudness : onLoudness)) this.lastLoudMs = nowMs;
    this.active = nowMs - this.lastLoudMs < hangoverMs;
    return this.active;
  }
}

/** Root mean square of the samples; 0 for none. */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return samples.length === 0 ? 0 : Math.sqrt(sum / samples.length);
}

const ANALYSED_SAMPLES = 2_048;

/** Watches one audio track. */
export class VoiceActivity {
  private readonly gate = new VoiceGate();
  private readonly source: MediaStreamAudioSourceNode;
  private readonly analyser: AnalyserNode;
  private readonly samples = new Float32Array(ANALYSED_SAMPLES);

  constructor(context: AudioContext, track: MediaStreamTrack) {
    this.source = context.createMediaStreamSource(new MediaStream([track]));
    this.analyser = new AnalyserNode(context, { fftSize: ANALYSED_SAMPLES });
    this.source.connect(this.analyser);
  }

  /** How loud it is now, and whether that is voice; to be asked every 50–200 ms. */
  read(): { loudness: number; active: boolean } {
    this.analyser.getFloatTimeDomainData(this.samples);
    const level = loudness(this.samples);
    return { loudness: level, active: this.gate.update(level, performance.now()) };
  }

  close(): void {
    this.source.disconnect();
  }
}
