import { Call, NO_STATISTICS } from '../call/call';
import { CodecError, createFaceRenderer, type FaceRenderer } from '../codec';
import { LocalMedia } from '../media/local_media';
import { CallPage } from './call_page';
import { showEnding } from './ending';
import { readToken, type PageOptions } from './options';
import { Prejoin } from './prejoin';

/** A room's page: preview, call, ending; holds what lives through all of them. */
export class RoomPage {
  private readonly audio = new AudioContext();
  private readonly media = new LocalMedia(this.audio);
  private readonly prejoin: Prejoin;
  private readonly rendererReady: Promise<CodecError | null>;
  private renderer: FaceRenderer | null = null;
  private call: Call | null = null;
  private joining = false;
  private callPage: CallPage | null = null;

  constructor(
    private readonly root: HTMLElement,
    private readonly room: string,
    private readonly options: PageOptions,
  ) {
    this.rendererReady = this.loadRenderer(options.provider);
    this.prejoin = new Prejoin(root, {
      room,
      name: options.name,
      media: this.media,
      renderer: this.rendererReady,
      onJoin: (name) => void this.join(name),
    });
    if (options.autojoin) void this.prejoin.ready.then(() => this.join(options.name ?? 'Guest'));
    window.addEventListener('pagehide', () => this.call?.leave());
    window.facewire = {
      statistics: () => ({
        phase: this.call?.phase ?? 'idle',
        ...(this.call?.statistics() ?? NO_STATISTICS),
        tracking: this.media.tracking,
        speaking: this.media.speaking,
        remotes: this.callPage?.remotes() ?? [],
        timings: { encoder: this.media.stageTimings(), renderer: this.renderer?.stageTimings() ?? null },
      }),
      canvas: (participant) => this.callPage?.canvas(participant) ?? null,
    };
  }

  private async loadRenderer(provider: PageOptions['provider']): Promise<CodecError | null> {
    try {
      this.renderer = await createFaceRenderer(provider);
      return null;
    } catch (error) {
      if (error instanceof CodecError) return error;
      throw error;
    }
  }

  private async join(name: string): Promise<void> {
    if (this.joining) return;
    this.joining = true;
    const { media, audio, room } = this;
    void audio.resume();
    const rendererError = await this.rendererReady;
    const call = new Call({
      page: location.href,
      room,
      name,
      source: media.cameraOn ? 'camera' : 'none',
      state: { muted: media.muted, camera: media.cameraOn ? 'on' : 'off', hand: false, recording: false },
      microphone: media.microphone,
      token: readToken(location.hash),
      transport: this.options.transport,
      keyframes: this.renderer?.decodesPredicted === false ? 'intra' : 'all',
      store: media,
    });
    this.call = call;
    this.prejoin.close();
    this.callPage = new CallPage(this.root, {
      room,
      name,
      call,
      media,
      audio,
      renderer: this.renderer,
      rendererError,
      onEnd: (error) => {
        this.media.close();
        this.renderer?.close();
        void this.audio.close();
        this.callPage = null;
        showEnding(this.root, room, error, () => location.reload());
      },
    });
    call.join();
  }
}
