import type { KeyframeAbility, ParticipantState } from '../call/events';
import type { Participant } from '../call/messages';
import type { FaceDecoder, FaceDecoderStatistics } from '../codec';
import { VoiceActivity } from '../media/voice_activity';
import { element, icon } from './dom';

const STATE_TEXTS = { waiting: 'Waiting for picture', stale: 'Picture held', 'no-face': 'No face' } as const;
const RENDERED = { text: 'rendered', title: 'Drawn from facial keypoints on this machine; not filmed' };
const PLAIN = { text: 'low-rate video', title: 'Filmed, in a few pictures; not drawn from facial keypoints' };

/** One other participant: the drawn face, the voice, the name and what is the matter with them. */
export class Tile {
  readonly node: HTMLElement;
  /** How the face is being drawn; `null` until the first second of it, or where faces cannot be drawn. */
  drawing: FaceDecoderStatistics | null = null;
  state: ParticipantState | null = null;
  /** Which keyframes this participant can decode. */
  keyframes: KeyframeAbility = 'all';
  readonly canvas = element('canvas', { width: 256, height: 256 });
  private readonly sound = element('audio', { autoplay: true });
  private readonly status = element('p', { className: 'tile-status' });
  /** Where the picture comes from. */
  private readonly origin = element('span', { className: 'origin-mark' });
  private readonly mutedMark: HTMLElement;
  private decoder: FaceDecoder | null = null;
  private activity: VoiceActivity | null = null;
  private reconnecting = false;

  constructor(
    readonly participant: Participant,
    private readonly audio: AudioContext,
  ) {
    const { name, source } = participant;
    this.canvas.setAttribute('role', 'img');
    this.canvas.setAttribute('aria-label', `${name}’s face`);
    this.mutedMark = element('span', { className: 'muted-mark', title: 'Muted', hidden: true }, icon('microphone-off'));
    this.mutedMark.append(element('span', { className: 'visually-hidden' }, 'muted'));
    this.node = element(
      'article',
      { className: 'tile', 'aria-label': name, 'data-participant': String(participant.id) },
      this.canvas,
      element('span', { className: 'avatar', 'aria-hidden': 'true' }, initials(name)),
      this.status,
      this.origin,
      element(
        'div',
        { className: 'tile-foot' },
        this.mutedMark,
        element('span', { className: 'tile-name', title: name }, name),
        source === 'file' ? element('span', { className: 'source' }, 'from a file') : null,
      ),
      this.sound,
    );
    this.show();
  }

  /** Draws this face through `decoder` from now on; missing keyframes are asked for through `requestKeyframe`. */
  draw(decoder: FaceDecoder, requestKeyframe: (number: number) => void): void {
    this.decoder = decoder;
    decoder.onKeyframeNeeded = requestKeyframe;
    decoder.onStatistics = (statistics) => {
      this.drawing = statistics;
      this.show();
    };
  }

  pushBundle(bundle: Uint8Array): void {
    this.decoder?.pushBundle(bundle);
  }

  pushKeyframe(blob: Uint8Array): void {
    this.decoder?.pushKeyframe(blob);
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

  setState(state: ParticipantState, keyframes: KeyframeAbility): void {
    this.state = state;
    this.keyframes = keyframes;
    this.mutedMark.hidden = !state.muted;
    this.show();
  }

  /** The connection is down: the picture stays as it is and says so. */
  setReconnecting(): void {
    this.reconnecting = true;
    this.show();
  }

  /** Lights the ring while there is voice; to be called a few times a second. */
  updateSpeaking(): void {
    const heard = this.activity?.read() ?? false;
    const speaking = this.hasPicture() ? (this.decoder?.voiceActive ?? false) : heard;
    this.node.toggleAttribute('data-speaking', speaking && this.state?.muted !== true && !this.reconnecting);
  }

  close(): void {
    this.setVoice(null);
    this.decoder?.close();
    this.node.remove();
  }

  private cameraIsOff(): boolean {
    return this.state === null ? this.participant.source === 'none' : this.state.camera === 'off';
  }

  private hasPicture(): boolean {
    return !this.cameraIsOff() && (this.drawing?.state === 'live' || this.drawing?.state === 'plain');
  }

  private show(): void {
    const picture = this.decoder === null ? 'none' : (this.drawing?.state ?? 'waiting');
    this.node.dataset['picture'] = this.cameraIsOff() ? 'off' : picture;
    this.status.textContent = this.statusText(picture);
    const { text, title } = picture === 'plain' ? PLAIN : RENDERED;
    this.origin.textContent = text;
    this.origin.title = title;
  }

  private statusText(picture: FaceDecoderStatistics['state'] | 'none'): string {
    if (this.reconnecting) return 'Reconnecting';
    if (this.cameraIsOff()) return 'Camera off';
    if (picture === 'none') return 'Voice only';
    return picture === 'live' || picture === 'plain' ? '' : STATE_TEXTS[picture];
  }
}

/** First letters of the first and the last word. */
function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== '');
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => Array.from(word ?? '')[0] ?? '');
  return letters.join('').toUpperCase();
}
