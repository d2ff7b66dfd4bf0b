import { signal } from '@preact/signals';
import { DEFAULT_BUDGET } from '../call/budget/link_budget';
import { Call, NO_STATISTICS } from '../call/call';
import { readLinkSecret } from '../call/encryption/link_secret';
import { CallError } from '../call/errors';
import { CodecError, createFaceRenderer, decodesPredictedKeyframes, type FaceRenderer } from '../codec';
import { LocalMedia } from '../media/local_media';
import { fragmentForRenderer, ServerFaceRenderer } from '../rendered_view/server_renderer';
import { ServerView } from '../rendered_view/server_view';
import type { CallRecorder } from '../recording/call_recorder';
import { CallModel } from './call/call_model';
import { readToken, type PageOptions } from './options';
import { rememberedName } from './preferences';
import { forgetStay, rememberedStay } from './stay';

/** Where a visit stands. */
export type VisitStage =
  | { name: 'prejoin' }
  | { name: 'call'; model: CallModel }
  | { name: 'ended'; error: CallError | null; recorder: CallRecorder | null };

/** One visit to a room: preview, call, ending; holds what lives through all of them. */
export class Visit {
  readonly stage = signal<VisitStage>({ name: 'prejoin' });
  /** `null` where faces cannot be drawn; `rendererError` then says why. */
  readonly renderer = signal<FaceRenderer | 'loading' | null>('loading');
  readonly rendererError = signal<CodecError | null>(null);
  /** Whether the browser offers a graphics processor. */
  readonly hasWebGpu = signal(true);
  /** Whether the devices were tried, whatever came of it. */
  readonly opened = signal(false);
  readonly joining = signal(false);
  private readonly audio = new AudioContext();
  readonly media = new LocalMedia(this.audio);
  /** Whether the others are seen through the server, and the person's word on that. */
  readonly serverView: ServerView;
  private call: Call | null = null;
  private pageHidden = false;

  constructor(
    readonly room: string,
    private readonly options: PageOptions,
  ) {
    this.serverView = new ServerView(options.decoder === 'server');
    void this.loadRenderer();
    void detectWebGpu().then((found) => (this.hasWebGpu.value = found));
    const stay = rememberedStay(room);
    if (stay !== null) this.media.setMuted(stay.muted);
    const opened = this.media.open().then(async () => {
      if (stay?.camera === false) await this.media.setCameraOn(false);
      this.opened.value = true;
    });
    if (options.autojoin || stay !== null) {
      void opened.then(() => this.join(options.name ?? rememberedName() ?? 'Guest'));
    }
    window.addEventListener('pagehide', () => {
      this.pageHidden = true;
      this.call?.leave();
    });
    window.facewire = {
      statistics: () => this.statistics(),
      canvas: (participant) => this.model?.person(participant)?.canvas ?? null,
    };
  }

  /** Enters the room under that name. */
  async join(name: string): Promise<void> {
    if (this.joining.value) return;
    this.joining.value = true;
    const { media, audio, room, options } = this;
    void audio.resume();
    await this.serverView.settled;
    const linkSecret = this.readLinkSecret();
    if (linkSecret === undefined) return;
    const call = new Call({
      page: location.href,
      room,
      name,
      source: media.cameraOn.value ? 'camera' : 'none',
      state: { muted: media.muted.value, camera: media.cameraOn.value ? 'on' : 'off', hand: false, recording: false, screen: false },
      microphone: media.microphone.value,
      token: readToken(location.hash),
      linkSecret,
      transport: options.transport,
      keyframes: (await this.decodesPredicted()) ? 'all' : 'intra',
      store: media,
      budget: { ...DEFAULT_BUDGET, ...(options.kbps === null ? {} : { ceilingKbps: options.kbps }) },
    });
    this.call = call;
    if (this.renderer.value instanceof ServerFaceRenderer) {
      this.renderer.value.attach(call, fragmentForRenderer(location.hash));
    }
    const model = new CallModel({ room, name, call, media, audio, renderer: this.renderer });
    this.stage.value = { name: 'call', model };
    call.on('ended', ({ error }) => {
      // A page that goes away may be one that is reloaded.
      if (!this.pageHidden) forgetStay();
      this.close();
      this.stage.value = { name: 'ended', error, recorder: model.recorder };
    });
    call.join();
  }

  /** The secret of the link; `undefined` if its key is damaged, which ends the visit: nothing is sent in the clear then. */
  private readLinkSecret(): ReturnType<typeof readLinkSecret> | undefined {
    try {
      return readLinkSecret(location.hash);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      this.close();
      this.stage.value = { name: 'ended', error, recorder: null };
      return undefined;
    }
  }

  private close(): void {
    this.media.close();
    this.loadedRenderer?.close();
    void this.audio.close();
  }

  private async loadRenderer(): Promise<void> {
    try {
      const renderer =
        this.options.decoder === 'server' ? new ServerFaceRenderer() : await createFaceRenderer(this.options.provider);
      renderer.onError = (error) => (this.rendererError.value = error);
      this.renderer.value = renderer;
    } catch (error) {
      this.renderer.value = null;
      if (!(error instanceof CodecError)) throw error;
      this.rendererError.value = error;
    }
  }

  /** Whether this end decodes keyframes that are predicted from others. */
  private async decodesPredicted(): Promise<boolean> {
    return this.loadedRenderer?.decodesPredicted ?? (await decodesPredictedKeyframes());
  }

  private get loadedRenderer(): FaceRenderer | null {
    return this.renderer.value === 'loading' ? null : this.renderer.value;
  }

  private get model(): CallModel | null {
    const stage = this.stage.value;
    return stage.name === 'call' ? stage.model : null;
  }

  private statistics(): ReturnType<NonNullable<Window['facewire']>['statistics']> {
    return {
      phase: this.call?.phase ?? 'idle',
      ...(this.call?.statistics() ?? NO_STATISTICS),
      tracking: this.media.tracking.value,
      speaking: this.media.speaking.value,
      remotes: this.model?.people.value.map((person) => person.statistics()) ?? [],
      screens: this.model?.screens.statistics() ?? [],
      timings: { encoder: this.media.stageTimings(), renderer: this.loadedRenderer?.stageTimings() ?? null },
    };
  }
}

/** Whether the browser offers a graphics processor to WebGPU (W3C WebGPU, `GPU.requestAdapter`). */
async function detectWebGpu(): Promise<boolean> {
  if (!('gpu' in navigator)) return false;
  return (await (navigator.gpu as { requestAdapter(): Promise<unknown> }).requestAdapter()) !== null;
}
