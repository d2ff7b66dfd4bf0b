import { computed, signal } from '@preact/signals';
import type { Reaction } from '../../call/control';
import type { KeyframeAbility, ParticipantState } from '../../call/events';
import type { Participant } from '../../call/messages';
import type { VoicePlayed } from '../../call/transport/transport';
import { CACHED_KEYFRAMES, KeyframeChains, type FaceDecoder, type FaceDecoderStatistics } from '../../codec';
import { VoiceActivity } from '../../media/voice_activity';
import type { RemoteStatistics } from '../page_handle';
import { Fleeting } from './fleeting';

/** What a participant's tile shows: a decoder's word, or that there is no camera, or that nothing can be drawn here. */
export type Picture = FaceDecoderStatistics['state'] | 'off' | 'none';

/** How long a reaction is shown. */
export const REACTION_MS = 4_000;

/** One other participant: the drawn face, the voice, and what is the matter with them. */
export class Remote {
  readonly canvas = document.createElement('canvas');
  readonly sound = document.createElement('audio');
  /** How the face is being drawn; `null` until the first second of it, or where faces cannot be drawn. */
  readonly drawing = signal<FaceDecoderStatistics | null>(null);
  readonly state = signal<ParticipantState | null>(null);
  /** Which keyframes this participant can decode. */
  readonly keyframes = signal<KeyframeAbility>('all');
  readonly speaking = signal(false);
  readonly reaction = new Fleeting<Reaction>(REACTION_MS);
  /** Nothing comes from them just now: the picture stays as it is and says so. */
  readonly reconnecting = signal(false);
  readonly picture = computed<Picture>(() => {
    const { participant } = this;
    const isOff = this.state.value === null ? participant.source === 'none' : this.state.value.camera === 'off';
    if (isOff) return 'off';
    return this.decoder.value === null ? 'none' : (this.drawing.value?.state ?? 'waiting');
  });
  /** `loading` until it is known whether faces can be drawn here; `null` where they cannot. */
  private readonly decoder = signal<FaceDecoder | 'loading' | null>('loading');
  /** Keyframes that came while the networks were loading: on a thin link they would take seconds to come again. */
  private early = new KeyframeChains();
  private activity: VoiceActivity | null = null;

  constructor(
    readonly participant: Participant,
    private readonly audio: AudioContext,
  ) {
    this.canvas.width = this.canvas.height = 256;
    this.canvas.setAttribute('role', 'img');
    this.sound.autoplay = true;
  }

  /**
   * Draws the face through `decoder` from now on; `null`: it cannot be drawn here. Missing keyframes are asked for
   * through `requestKeyframe`.
   */
  draw(decoder: FaceDecoder | null, requestKeyframe: (number: number) => void): void {
    this.decoder.value = decoder;
    if (decoder === null) return;
    decoder.onKeyframeNeeded = requestKeyframe;
    decoder.onStatistics = (statistics) => (this.drawing.value = statistics);
    if (this.state.value !== null) decoder.allowSound(allowsSound(this.state.value));
    for (const blob of this.early.newest(CACHED_KEYFRAMES)) decoder.pushKeyframe(blob);
    this.early = new KeyframeChains();
  }

  pushBundle(bundle: Uint8Array): void {
    this.face?.pushBundle(bundle);
  }

  pushKeyframe(blob: Uint8Array): void {
    if (this.decoder.value === 'loading') this.early.add(blob);
    else this.face?.pushKeyframe(blob);
  }

  /** Lets the face hear an Opus packet of its voice. */
  pushVoice(packet: Uint8Array, timestamp: number): void {
    this.face?.pushVoice(packet, timestamp);
  }

  /** Takes note of what of the voice is being played. Returns how long the voice is to wait for the face, ms, if that is known. */
  notePlayed({ timestamp, playedMs }: VoicePlayed): number | null {
    this.face?.notePlayed(timestamp, playedMs);
    return this.drawing.value?.voiceDelayMs ?? null;
  }

  setState(state: ParticipantState, keyframes: KeyframeAbility): void {
    this.state.value = state;
    this.keyframes.value = keyframes;
    this.face?.allowSound(allowsSound(state));
  }

  /** Plays the voice from this track; `null` ends it. */
  setVoice(track: MediaStreamTrack | null): void {
    this.activity?.close();
    this.activity = track === null ? null : new VoiceActivity(this.audio, track);
    this.sound.srcObject = track === null ? null : new MediaStream([track]);
  }

  /** Starts the sound. Resolves with whether the browser allows it yet. */
  async play(): Promise<boolean> {
    if (this.sound.srcObject === null) return true;
    try {
      await this.sound.play();
      return true;
    } catch (error) {
      if (error instanceof DOMException && error.name === 'NotAllowedError') return false;
      if (error instanceof DOMException && error.name === 'AbortError') return true;
      throw error;
    }
  }

  /** Reads whether there is voice; to be called a few times a second. Pictures say so as late as they are shown. */
  updateSpeaking(): void {
    const heard = this.activity?.read().active ?? false;
    const hasPicture = this.picture.value === 'live' || this.picture.value === 'plain';
    const speaking = hasPicture ? (this.face?.voiceActive ?? false) : heard;
    this.speaking.value = speaking && this.state.value?.muted !== true && !this.reconnecting.value;
  }

  statistics(): RemoteStatistics {
    return {
      ...this.participant,
      away: this.reconnecting.value,
      state: this.state.value,
      drawing: this.drawing.value,
      speaking: this.speaking.value,
    };
  }

  close(): void {
    this.reaction.clear();
    this.setVoice(null);
    this.face?.close();
  }

  private get face(): FaceDecoder | null {
    const decoder = this.decoder.value;
    return decoder === 'loading' ? null : decoder;
  }
}

/** Whether this person lets their voice move their face where no motion arrives (docs/protocol.md, `state`). */
function allowsSound({ camera, soundDrive }: ParticipantState): boolean {
  return soundDrive === 'always' || (soundDrive !== 'never' && camera === 'on');
}
