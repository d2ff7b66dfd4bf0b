import type { Call } from '../call/call';
import type { CallError } from '../call/errors';
import type { LeaveReason } from '../call/events';
import type { Participant } from '../call/messages';
import type { CodecError, FaceRenderer } from '../codec';
import type { LocalMedia } from '../media/local_media';
import { Controls } from './controls';
import { element } from './dom';
import { LossBanner } from './loss_banner';
import { NoticeList } from './notice_list';
import { deviceNotices, encoderNotice, rendererNotice, waitingNotice } from './notices';
import { RateMeter } from './rate_meter';
import { SelfView } from './self_view';
import type { RemoteStatistics } from './statistics';
import { Tile } from './tile';
import { TileGrid } from './tile_grid';

export interface CallPageSettings {
  room: string;
  name: string;
  call: Call;
  media: LocalMedia;
  audio: AudioContext;
  /** `null` where faces cannot be drawn; `rendererError` then says why. */
  renderer: FaceRenderer | null;
  rendererError: CodecError | null;
  /** The call is over; the page has let go of everything of its own. */
  onEnd: (error: CallError | null) => void;
}

const SPEAKING_INTERVAL_MS = 120;
const FIGURES_INTERVAL_MS = 1_000;
const ANNOUNCEMENT_MS = 5_000;

/** The page during the call. */
export class CallPage {
  private readonly tiles = new Map<number, Tile>();
  private readonly grid: TileGrid;
  private readonly stage = element('div', { className: 'stage' });
  private readonly rate = new RateMeter();
  private readonly decoding = element('p', { className: 'decoding' });
  private readonly banner: LossBanner;
  private readonly notices = new NoticeList(true);
  private readonly announcement = element('p', { className: 'announcement', role: 'status' });
  private readonly soundGate = element('button', { className: 'sound-gate primary', type: 'button', hidden: true });
  private readonly controls: Controls;
  private readonly self: SelfView;
  private readonly stop: (() => void)[];
  private rendererError: CodecError | null;
  private announcementTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    root: HTMLElement,
    private readonly settings: CallPageSettings,
  ) {
    const { call, media, renderer, room } = settings;
    this.rendererError = settings.rendererError;
    if (renderer !== null) renderer.onError = (error) => this.rendererFailed(error);
    this.grid = new TileGrid(location.href.split(/[?#]/)[0] ?? location.href);
    this.banner = new LossBanner(() => call.retryNow());
    this.self = new SelfView(media, settings.name);
    this.controls = new Controls({
      toggleMute: () => media.setMuted(!media.muted),
      toggleCamera: () => void media.setCameraOn(!media.cameraOn),
      copyLink: () => void this.copyLink(),
      leave: () => call.leave(),
    });
    this.soundGate.textContent = 'Click to hear the others';
    this.soundGate.addEventListener('click', () => void this.openSound());
    this.stage.append(this.grid.node, this.self.node, this.soundGate, this.announcement);
    root.replaceChildren(
      element(
        'main',
        { className: 'call', tabIndex: -1 },
        element(
          'header',
          { className: 'call-head' },
          element('h1', {}, element('span', { className: 'eyebrow' }, 'Room'), room),
          this.rate.node,
          this.decoding,
        ),
        this.banner.node,
        this.notices.node,
        this.stage,
        this.controls.node,
      ),
    );
    const online = (): void => call.retryNow();
    window.addEventListener('online', online);
    const timers = [
      setInterval(() => this.updateSpeaking(), SPEAKING_INTERVAL_MS),
      setInterval(() => this.updateFigures(), FIGURES_INTERVAL_MS),
    ];
    this.stop = [...this.listenToCall(), ...this.listenToMedia(), () => timers.forEach(clearInterval), () => window.removeEventListener('online', online)];
    this.mediaChanged();
    this.updateFigures();
    this.announce('Joining…');
    root.querySelector('main')?.focus();
    void media.play();
  }

  /** What is known of the other participants. */
  remotes(): RemoteStatistics[] {
    return [...this.tiles.values()].map(({ participant, state, drawing, node }) => ({
      ...participant,
      state,
      drawing,
      speaking: node.hasAttribute('data-speaking'),
    }));
  }

  canvas(participant: number): HTMLCanvasElement | null {
    return this.tiles.get(participant)?.canvas ?? null;
  }

  private listenToCall(): (() => void)[] {
    const { call, media } = this.settings;
    return [
      call.on('joined', ({ participants }) => {
        this.announce(participants.length === 0 ? 'You are in' : `In the room: ${participants.map(({ name }) => name).join(', ')}`);
        this.removeTiles();
        for (const participant of participants) this.addTile(participant);
        this.showGrid();
      }),
      call.on('waiting', () => this.notices.show([waitingNotice()])),
      call.on('room', () => this.showNotices()),
      call.on('mute-requested', () => {
        media.setMuted(true);
        this.announce('The host has asked you to mute: your microphone is off');
      }),
      call.on('participant-joined', ({ participant }) => {
        this.addTile(participant);
        this.showGrid();
        this.announce(`${participant.name} joined`);
      }),
      call.on('participant-left', ({ participant, reason }) => this.participantLeft(participant, reason)),
      call.on('participant-state', ({ id, state, keyframes }) => {
        this.tiles.get(id)?.setState(state, keyframes);
        this.allowPrediction();
      }),
      call.on('bundle', ({ from, bundle }) => this.tiles.get(from)?.pushBundle(bundle)),
      call.on('keyframe', ({ from, blob }) => this.tiles.get(from)?.pushKeyframe(blob)),
      call.on('voice', ({ id, track }) => void this.setVoice(id, track)),
      call.on('connection-lost', (loss) => this.banner.show(loss)),
      call.on('reconnected', () => {
        this.banner.hide();
        this.announce('Connected again');
      }),
      call.on('rejected', ({ error }) => console.debug(error.message)),
      call.on('ended', ({ error }) => {
        this.close();
        this.settings.onEnd(error);
      }),
    ];
  }

  private listenToMedia(): (() => void)[] {
    const { call, media } = this.settings;
    return [
      media.on('changed', () => this.mediaChanged()),
      media.on('bundle', (bundle) => {
        if (media.cameraOn) call.sendBundle(bundle);
      }),
      media.on('keyframe', (blob) => {
        if (media.cameraOn) call.sendKeyframe(blob);
      }),
    ];
  }

  private addTile(participant: Participant): void {
    const { audio, call, renderer } = this.settings;
    const tile = new Tile(participant, audio);
    if (renderer !== null) {
      tile.draw(renderer.addFace(tile.canvas), (number) => call.requestKeyframe(participant.id, number));
    }
    this.tiles.get(participant.id)?.close();
    this.tiles.set(participant.id, tile);
  }

  /** Predicts keyframes unless somebody is here who cannot decode such. */
  private allowPrediction(): void {
    this.settings.media.setPrediction([...this.tiles.values()].every(({ keyframes }) => keyframes === 'all'));
  }

  private removeTiles(): void {
    for (const tile of this.tiles.values()) tile.close();
    this.tiles.clear();
  }

  /** With one other, our own picture lies in the corner; with more, it is a tile like theirs. */
  private showGrid(): void {
    const tiles = [...this.tiles.values()].map((tile) => tile.node);
    const place = tiles.length > 1 ? 'grid' : 'corner';
    if (place === 'corner' && this.self.node.parentElement !== this.stage) this.stage.append(this.self.node);
    this.grid.show(place === 'grid' ? [...tiles, this.self.node] : tiles);
    if (this.self.place !== place) {
      this.self.place = place;
      void this.settings.media.play();
    }
  }

  private participantLeft(participant: Participant, reason: LeaveReason): void {
    const tile = this.tiles.get(participant.id);
    if (reason === 'reconnecting') {
      tile?.setReconnecting();
      return;
    }
    tile?.close();
    this.tiles.delete(participant.id);
    this.allowPrediction();
    this.showGrid();
    const endings = { left: 'left', removed: 'was removed by the host', lost: 'lost the connection' };
    this.announce(`${participant.name} ${endings[reason]}`);
  }

  private async setVoice(id: number, track: MediaStreamTrack | null): Promise<void> {
    const tile = this.tiles.get(id);
    if (tile === undefined) return;
    tile.setVoice(track);
    if (!(await tile.play())) this.soundGate.hidden = false;
  }

  private async openSound(): Promise<void> {
    this.soundGate.hidden = true;
    await this.settings.audio.resume();
    await Promise.all([...this.tiles.values()].map((tile) => tile.play()));
  }

  private rendererFailed(error: CodecError): void {
    this.rendererError = error;
    this.showNotices();
  }

  private mediaChanged(): void {
    const { call, media } = this.settings;
    const state = { muted: media.muted, camera: media.cameraOn ? 'on' : 'off', hand: false, recording: false } as const;
    this.controls.show({ muted: media.muted, microphoneAvailable: media.microphone !== null, cameraOn: media.cameraOn });
    call.setState(state);
    void call.setMicrophone(media.microphone);
    this.showNotices();
  }

  private showNotices(): void {
    const { media } = this.settings;
    this.notices.show([
      ...deviceNotices(media.problems),
      ...(media.codecProblem === null ? [] : [encoderNotice(media.codecProblem)]),
      ...(this.rendererError === null ? [] : [rendererNotice(this.rendererError)]),
    ]);
  }

  private updateSpeaking(): void {
    for (const tile of this.tiles.values()) tile.updateSpeaking();
  }

  private updateFigures(): void {
    const { rate, rateCounted } = this.settings.call.statistics();
    this.rate.show(rate, rateCounted);
    const drawn = [...this.tiles.values()].map((tile) => tile.drawing).filter((drawing) => drawing !== null);
    const provider = drawn[0]?.provider;
    const pictures = drawn.filter(({ state }) => state === 'live').map(({ picturesPerSecond }) => picturesPerSecond);
    this.decoding.textContent =
      provider === undefined
        ? ''
        : `${provider === 'webgpu' ? 'WebGPU' : 'WASM'} · ${Math.round(Math.max(0, ...pictures))} pictures/s`;
  }

  private async copyLink(): Promise<void> {
    const link = this.grid.link;
    try {
      await navigator.clipboard.writeText(link);
      this.announce('Link copied: send it to whom you want here');
    } catch {
      this.announce(`Copying is not allowed here. The link: ${link}`);
    }
  }

  private announce(text: string): void {
    clearTimeout(this.announcementTimer);
    this.announcement.textContent = text;
    this.announcementTimer = setTimeout(() => (this.announcement.textContent = ''), ANNOUNCEMENT_MS);
  }

  private close(): void {
    for (const stop of this.stop) stop();
    clearTimeout(this.announcementTimer);
    this.removeTiles();
    this.banner.hide();
    this.controls.close();
    this.self.close();
    this.grid.close();
  }
}
