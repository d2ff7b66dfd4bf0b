import type { Call } from '../call/call';
import type { RenderedPicture, ViewMessage } from '../call/messages';
import { CodecError, type FaceRenderer, type RendererTimings } from '../codec';
import { VideoFace } from './video_face';
import { ViewConnection } from './view_connection';

const REPORT_INTERVAL_MS = 1_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 16_000;

/** The fragment of a room's link without its join token, which is for one person only; `null` if nothing is left. */
export function fragmentForRenderer(hash: string): string | null {
  const parameters = new URLSearchParams(hash.replace(/^#/, ''));
  parameters.delete('token');
  const kept = parameters.toString();
  return kept === '' ? null : kept;
}

/**
 * Shows faces that a renderer on the server's side draws, for browsers that cannot (docs/rendering.md). Stands in for
 * the renderer of this page's own; needs neither WebAssembly nor WebGPU.
 */
export class ServerFaceRenderer implements FaceRenderer {
  onError: (error: CodecError | null) => void = () => {};
  /** The renderer decodes them. */
  readonly decodesPredicted = true;
  /** Never: the renderer hears for itself. */
  readonly hears = new Promise<void>(() => {});

  private readonly faces = new Map<number, VideoFace>();
  private readonly tracks = new Map<string, MediaStreamTrack>();
  private readonly reportTimer = setInterval(() => void this.report(), REPORT_INTERVAL_MS);
  private pictures: RenderedPicture[] = [];
  private connection: ViewConnection | null = null;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private retryMs = FIRST_RETRY_MS;
  private stop: (() => void)[] = [];

  /** Asks the call's server for a view whenever the call is up. `fragment`: see {@link fragmentForRenderer}. */
  attach(call: Call, fragment: string | null): void {
    this.stop = [
      call.on('open', () => this.connect(call, fragment)),
      call.on('participant-joined', () => this.connection?.ensureSections(this.faces.size)),
      call.on('view', (message) => this.receive(message, () => this.connect(call, fragment))),
      call.on('connection-lost', () => this.disconnect()),
      call.on('ended', () => this.disconnect()),
    ];
  }

  addFace(canvas: HTMLCanvasElement, participant: number): VideoFace {
    const face: VideoFace = new VideoFace(canvas, () => {
      if (this.faces.get(participant) === face) this.faces.delete(participant);
    });
    this.faces.set(participant, face);
    this.connection?.ensureSections(this.faces.size);
    this.show();
    return face;
  }

  /** Nothing is decoded here. */
  stageTimings(): RendererTimings {
    return { entropy: 0, keyframe: 0, animate: 0, draw: 0, speech: 0, fusion: 0 };
  }

  close(): void {
    for (const stop of this.stop) stop();
    clearInterval(this.reportTimer);
    this.disconnect();
  }

  private connect(call: Call, fragment: string | null): void {
    this.disconnect();
    this.connection = new ViewConnection({
      onOffer: (sdp) => call.requestView(sdp, fragment),
      onTrack: (mid, track) => {
        this.tracks.set(mid, track);
        this.show();
      },
      onLost: () => this.retry(() => this.connect(call, fragment)),
    });
    this.connection.ensureSections(this.faces.size);
  }

  private receive(message: ViewMessage, again: () => void): void {
    switch (message.type) {
      case 'view-answer':
        void this.connection?.acceptAnswer(message.sdp);
        break;
      case 'view-pictures':
        this.retryMs = FIRST_RETRY_MS;
        this.onError(null);
        this.pictures = message.pictures;
        this.show();
        break;
      case 'view-failed':
        this.onError(new CodecError('no-renderer', message.message));
        this.disconnect();
        if (message.code === 'no-renderer' || message.code === 'renderer-lost') this.retry(again);
    }
  }

  private retry(again: () => void): void {
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(again, this.retryMs);
    this.retryMs = Math.min(2 * this.retryMs, LONGEST_RETRY_MS);
  }

  private disconnect(): void {
    clearTimeout(this.retryTimer);
    this.connection?.close();
    this.connection = null;
    this.tracks.clear();
    this.pictures = [];
    this.show();
  }

  private show(): void {
    const shown = new Map(this.pictures.map((picture) => [picture.participant, picture]));
    for (const [participant, face] of this.faces) {
      const picture = shown.get(participant);
      face.show((picture && this.tracks.get(picture.mid)) ?? null);
      if (picture !== undefined) face.setState(picture.state);
    }
  }

  private async report(): Promise<void> {
    for (const picture of this.pictures) {
      const bufferedMs = (await this.connection?.bufferedMs(picture)) ?? 0;
      this.faces.get(picture.participant)?.report(bufferedMs);
    }
  }
}
