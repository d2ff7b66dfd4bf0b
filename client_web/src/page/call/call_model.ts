import { computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import type { Call } from '../../call/call';
import type { Reaction } from '../../call/control';
import type { ConnectionLoss, LeaveReason } from '../../call/events';
import type { Participant, RoomState } from '../../call/messages';
import type { FaceRenderer } from '../../codec';
import type { LocalMedia } from '../../media/local_media';
import { CallRecorder } from '../../recording/call_recorder';
import { messages } from '../i18n/language';
import { invitation } from '../home/room_address';
import { FigureHistory } from '../status/figure_history';
import { voiceMovesFace } from '../preferences';
import { rememberStay } from '../stay';
import { ActiveSpeaker } from './active_speaker';
import { Conversation } from './conversation';
import { Fleeting } from './fleeting';
import type { View } from './layout';
import { REACTION_MS, Remote } from './remote';
import { SharedScreens } from './shared_screens';

export interface CallModelSettings {
  room: string;
  name: string;
  call: Call;
  media: LocalMedia;
  audio: AudioContext;
  /** `loading` until it is known; `null` where faces cannot be drawn. */
  renderer: ReadonlySignal<FaceRenderer | 'loading' | null>;
}

/** Somebody who waits to be let in. */
export interface Knock {
  id: number;
  name: string;
}

/** What is open beside the faces. */
export type Panel = 'chat' | 'people' | 'status' | 'settings' | 'shortcuts';

const SPEAKING_INTERVAL_MS = 120;
const LIP_SYNC_INTERVAL_MS = 500;
const FIGURES_INTERVAL_MS = 1_000;
const ANNOUNCEMENT_MS = 5_000;

/** What the page shows of a call: the call's events, and what was clicked, as signals. */
export class CallModel {
  readonly room: string;
  readonly name: string;
  readonly call: Call;
  readonly media: LocalMedia;
  readonly people = signal<readonly Remote[]>([]);
  /** How many are in the room who are nobody: somebody sees the call through them (docs/rendering.md). */
  readonly renderers = signal(0);
  readonly ownId = signal<number | null>(null);
  readonly door = signal<RoomState>({ locked: false, lobby: false, hosts: [] });
  readonly isHost = computed(() => this.door.value.hosts.some((id) => id === this.ownId.value));
  readonly knocks = signal<readonly Knock[]>([]);
  /** A host must let us in first. */
  readonly waiting = signal(false);
  /** Our connection is down, and will be tried again at `retryAtMs` (`performance.now()`). */
  readonly loss = signal<(ConnectionLoss & { retryAtMs: number }) | null>(null);
  readonly hand = signal(false);
  readonly reaction = new Fleeting<Reaction>(REACTION_MS);
  readonly chat = new Conversation();
  readonly screens: SharedScreens;
  readonly recorder: CallRecorder;
  readonly panel = signal<Panel | null>(null);
  readonly view = signal<View>('grid');
  /** Whom the person wants to see large, whoever speaks. */
  readonly pinned = signal<number | null>(null);
  private readonly speaker = signal<number | null>(null);
  /** Who is shown large in the speaker view. */
  readonly featured = computed(() => this.pinned.value ?? this.speaker.value);
  readonly soundBlocked = signal(false);
  /** Said for a few seconds, also to screen readers. */
  readonly announcement = new Fleeting<string>(ANNOUNCEMENT_MS);
  readonly figures = new FigureHistory();
  private readonly activeSpeaker = new ActiveSpeaker();
  private readonly stop: (() => void)[];

  constructor(private readonly settings: CallModelSettings) {
    const { call, media } = settings;
    this.room = settings.room;
    this.name = settings.name;
    this.call = call;
    this.media = media;
    this.screens = new SharedScreens(call, (problem) => this.announce(messages.value.screen.problems[problem]));
    this.recorder = new CallRecorder(call, media, settings.room, settings.name);
    const online = (): void => call.retryNow();
    window.addEventListener('online', online);
    const timers = [
      setInterval(() => this.updateSpeaking(), SPEAKING_INTERVAL_MS),
      setInterval(() => this.keepTogether(), LIP_SYNC_INTERVAL_MS),
      setInterval(() => this.figures.add(call.statistics(), performance.now()), FIGURES_INTERVAL_MS),
    ];
    this.stop = [
      ...this.listenToCall(),
      media.on('bundle', (bundle) => media.cameraOn.value && call.sendBundle(bundle)),
      media.on('keyframe', (blob) => media.cameraOn.value && call.sendKeyframe(blob)),
      ...this.followState(),
      () => timers.forEach(clearInterval),
      () => window.removeEventListener('online', online),
    ];
    this.announce(messages.value.call.joining);
  }

  person(id: number): Remote | undefined {
    return this.people.value.find(({ participant }) => participant.id === id);
  }

  /** Opens that beside the faces, or closes it. */
  toggle(panel: Panel): void {
    this.panel.value = this.panel.value === panel ? null : panel;
    this.chat.setOpen(this.panel.value === 'chat');
  }

  /** Shows that person large, or lets the speaker be again. */
  togglePin(id: number): void {
    const pin = this.pinned.value !== id;
    this.pinned.value = pin ? id : null;
    this.view.value = pin ? 'speaker' : 'grid';
  }

  /** Writes to everybody. Returns whether it went out. */
  say(text: string): boolean {
    const sent = this.call.sendChat(text);
    if (sent) this.chat.add(null, text);
    else this.announce(messages.value.chat.notSent);
    return sent;
  }

  /** Records the call from now on, or ends that. */
  toggleRecording(): void {
    if (this.recorder.isRecording.value) {
      void this.recorder.stop();
      return;
    }
    this.recorder.start();
    this.announce(messages.value.recordings.youRecord);
  }

  react(emoji: Reaction): void {
    this.call.react(emoji);
    this.reaction.show(emoji);
  }

  answerKnock(id: number, admit: boolean): void {
    this.call.usePower({ type: 'answer-knock', id, admit });
    this.knocks.value = this.knocks.value.filter((knock) => knock.id !== id);
  }

  async copyLink(): Promise<void> {
    const link = invitation(location);
    const t = messages.value.call;
    try {
      await navigator.clipboard.writeText(link);
      this.announce(t.linkCopied);
    } catch {
      this.announce(t.linkNotCopied(link));
    }
  }

  /** Starts the others' sound: to be called when the person has clicked. */
  async openSound(): Promise<void> {
    this.soundBlocked.value = false;
    await this.settings.audio.resume();
    await Promise.all(this.people.value.map((person) => person.play()));
  }

  announce(text: string): void {
    this.announcement.show(text);
  }

  private listenToCall(): (() => void)[] {
    const { call, media } = this;
    const t = (): typeof messages.value.call => messages.value.call;
    return [
      call.on('joined', ({ id, participants }) => {
        this.ownId.value = id;
        this.waiting.value = false;
        const there = participants.filter(isPerson);
        this.renderers.value = participants.length - there.length;
        const names = there.map(({ name }) => name).join(', ');
        this.announce(names === '' ? t().alone : t().inTheRoom(names));
        this.removePeople();
        this.people.value = there.map((participant) => this.meet(participant));
      }),
      call.on('waiting', () => (this.waiting.value = true)),
      call.on('room', ({ room }) => {
        this.door.value = room;
        if (!this.isHost.value) this.knocks.value = [];
      }),
      call.on('knock', (knock) => {
        this.knocks.value = [...this.knocks.value.filter(({ id }) => id !== knock.id), knock];
        this.announce(t().knocks(knock.name));
      }),
      call.on('knock-gone', ({ id }) => (this.knocks.value = this.knocks.value.filter((knock) => knock.id !== id))),
      call.on('mute-requested', () => {
        media.setMuted(true);
        this.announce(t().muteRequested);
      }),
      call.on('participant-joined', ({ participant }) => {
        if (!isPerson(participant)) {
          this.renderers.value += 1;
          this.announce(messages.value.serverView.somebodySeesThrough);
          return;
        }
        this.forget(participant.id);
        this.people.value = [...this.people.value, this.meet(participant)];
        this.announce(t().joined(participant.name));
      }),
      call.on('participant-away', ({ id, away }) => {
        const person = this.person(id);
        if (person !== undefined) person.reconnecting.value = away;
      }),
      call.on('participant-left', ({ participant, reason }) => this.participantLeft(participant, reason)),
      call.on('participant-state', ({ id, state, keyframes }) => {
        const person = this.person(id);
        if (state.hand && person?.state.value?.hand !== true) this.announce(t().raisedHand(person?.participant.name ?? ''));
        if (state.recording && person?.state.value?.recording !== true) {
          this.announce(t().recordedBy(person?.participant.name ?? ''));
        }
        person?.setState(state, keyframes);
      }),
      call.on('chat', ({ from, text }) => {
        const name = this.person(from)?.participant.name ?? '';
        this.chat.add(name, text);
        if (this.panel.value !== 'chat') this.announce(`${name}: ${text}`);
      }),
      call.on('reaction', ({ from, emoji }) => this.person(from)?.reaction.show(emoji)),
      call.on('bundle', ({ from, bundle }) => this.person(from)?.pushBundle(bundle)),
      call.on('voice-packet', ({ from, packet, timestamp }) => this.person(from)?.pushVoice(packet, timestamp)),
      call.on('keyframe', ({ from, blob }) => this.person(from)?.pushKeyframe(blob)),
      call.on('voice', ({ id, track }) => void this.setVoice(id, track)),
      call.on('connection-lost', (loss) => {
        this.waiting.value = false;
        this.loss.value = { ...loss, retryAtMs: performance.now() + loss.retryInMs };
      }),
      call.on('reconnected', ({ id }) => {
        this.ownId.value = id;
        this.loss.value = null;
        this.announce(t().reconnected);
      }),
      call.on('rejected', ({ error }) => console.debug(error.message)),
      call.on('ended', () => this.close()),
    ];
  }

  /** Keeps the others, the sender and a later reload informed of what is on. */
  private followState(): (() => void)[] {
    const { call, media } = this;
    return [
      effect(() => {
        const [muted, camera] = [media.muted.value, media.cameraOn.value];
        call.setState({
          muted,
          camera: camera ? 'on' : 'off',
          hand: this.hand.value,
          recording: this.recorder.isRecording.value,
          screen: this.screens.own.value !== null,
          ...(voiceMovesFace.value ? {} : { soundDrive: 'never' as const }),
        });
        rememberStay({ room: this.room, muted, camera });
      }),
      effect(() => void call.setMicrophone(media.microphone.value)),
      this.settings.renderer.subscribe((renderer) => {
        this.people.peek().forEach((person) => this.drawIfKnown(person));
        if (renderer !== 'loading') void renderer?.hears.then(() => call.setVoiceTap(true));
      }),
      effect(() => media.setPrediction(this.people.value.every(({ keyframes }) => keyframes.value === 'all'))),
    ];
  }

  private meet(participant: Participant): Remote {
    const person = new Remote(participant, this.settings.audio);
    this.drawIfKnown(person);
    return person;
  }

  /** Calls begin before the networks are loaded: faces are drawn as soon as they are. */
  private drawIfKnown(person: Remote): void {
    const renderer = this.settings.renderer.value;
    if (renderer === 'loading') return;
    const { id } = person.participant;
    const decoder = renderer?.addFace(person.canvas, id) ?? null;
    person.draw(decoder, (number) => this.call.requestKeyframe(id, number));
  }

  private forget(id: number): void {
    this.person(id)?.close();
    this.people.value = this.people.value.filter(({ participant }) => participant.id !== id);
    if (this.pinned.value === id) this.pinned.value = null;
  }

  private removePeople(): void {
    for (const person of this.people.value) person.close();
    this.people.value = [];
    this.pinned.value = null;
  }

  private participantLeft(participant: Participant, reason: LeaveReason): void {
    if (!isPerson(participant)) {
      this.renderers.value -= 1;
      return;
    }
    this.forget(participant.id);
    this.announce(messages.value.call.gone[reason](participant.name));
  }

  private async setVoice(id: number, track: MediaStreamTrack | null): Promise<void> {
    const person = this.person(id);
    if (person === undefined) return;
    person.setVoice(track);
    if (!(await person.play())) this.soundBlocked.value = true;
  }

  /** Lets each face and its voice wait for each other. */
  private keepTogether(): void {
    for (const person of this.people.value) {
      const { id } = person.participant;
      const played = this.call.voicePlayed(id);
      const delayMs = played === null ? null : person.notePlayed(played);
      if (delayMs !== null) this.call.delayVoice(id, delayMs);
    }
  }

  private updateSpeaking(): void {
    for (const person of this.people.value) person.updateSpeaking();
    const ids = (people: readonly Remote[]): number[] => people.map(({ participant }) => participant.id);
    const speaking = ids(this.people.value.filter((person) => person.speaking.value));
    this.speaker.value = this.activeSpeaker.update(speaking, ids(this.people.value), performance.now());
  }

  private close(): void {
    for (const stop of this.stop) stop();
    this.screens.close();
    this.recorder.close();
    this.announcement.clear();
    this.reaction.clear();
    this.removePeople();
  }
}

/** Whether this is somebody, not a renderer. */
function isPerson({ source }: Participant): boolean {
  return source !== 'renderer';
}
