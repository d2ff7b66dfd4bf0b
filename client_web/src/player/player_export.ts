/** Makes an MP4 of a film: H.264 and AAC, or what else this browser encodes. Loaded only where somebody wants one. */
import {
  AudioSample,
  AudioSampleSource,
  BufferTarget,
  CanvasSource,
  getFirstEncodableAudioCodec,
  getFirstEncodableVideoCodec,
  Mp4OutputFormat,
  Output,
  Quality,
  StreamTarget,
  type AudioCodec,
  type StreamTargetChunk,
  type Target,
  type VideoCodec,
} from 'mediabunny';
import type { DrawingTools } from '../codec/drawing_tools';
import { RENDERED } from '../codec/provenance';
import { SOURCE_TYPE } from '../codec/recording';
import { isUnavailable } from '../recording/kept_recordings';
import { FacePlayer } from './face_player';
import type { FilmParticipant } from './film';
import { gridShape } from './grid_shape';
import type { ExportFormat } from './player_messages';
import { SAMPLE_RATE, SoundTrack } from './sound_track';

const PICTURES_PER_SECOND = 25;
const COMMENT = 'Drawn by facewire from facial keypoints and a few pictures; not filmed';
/** The first of each that there is an encoder for. */
const VIDEO_CODECS: VideoCodec[] = ['avc', 'vp9', 'av1'];
const AUDIO_CODECS: AudioCodec[] = ['aac', 'opus'];
const NAMES: Partial<Record<VideoCodec | AudioCodec, string>> = {
  avc: 'H.264',
  vp9: 'VP9',
  av1: 'AV1',
  aac: 'AAC',
  opus: 'Opus',
};
const QUALITY = new Quality('very-high');
const EMPTY = 'rgb(32 32 32)';
const FILE = 'export.mp4';

export interface ExportSettings {
  /** Who is shown, in a grid, and heard. */
  participants: FilmParticipant[];
  lengthMs: number;
  title: string;
  tools: DrawingTools;
  decodesSound: boolean;
  /** Runs what draws when nothing else draws. */
  inTurn: <T>(task: () => Promise<T>) => Promise<T>;
  /** Hears how far it is, 0 to 1. */
  onProgress: (share: number) => void;
  isCancelled: () => boolean;
}

/** What a video of these participants would be made of here. */
export async function formatNames(participants: readonly FilmParticipant[], side: number): Promise<ExportFormat> {
  const { video, sound } = await codecs(participants.length, side);
  return { video: video === null ? null : (NAMES[video] ?? video), sound: sound === null ? null : (NAMES[sound] ?? sound) };
}

/** Resolves with the video, or with null if it was cancelled. */
export async function exportFilm(settings: ExportSettings): Promise<Blob | null> {
  const { participants, lengthMs, tools, onProgress, isCancelled } = settings;
  const { side } = tools.animator;
  const { video: videoCodec, sound: audioCodec } = await codecs(participants.length, side);
  if (videoCodec === null) throw new TypeError('this browser has no encoder for video');
  const grid = new Grid(participants, settings);
  const file = await openFile();
  const output = new Output({ format: new Mp4OutputFormat({ metadataFormat: 'mdta' }), target: file.target });
  output.setMetadataTags({ title: settings.title, comment: COMMENT, raw: { [SOURCE_TYPE]: RENDERED } });
  const pictures = new CanvasSource(grid.canvas, { codec: videoCodec, quality: QUALITY });
  output.addVideoTrack(pictures, { frameRate: PICTURES_PER_SECOND });
  const track = settings.decodesSound && audioCodec !== null ? new SoundTrack(participants) : null;
  const sound = track === null || audioCodec === null ? null : new AudioSampleSource({ codec: audioCodec, quality: QUALITY });
  if (sound !== null) output.addAudioTrack(sound);
  try {
    await output.start();
    const count = Math.max(1, Math.ceil((lengthMs * PICTURES_PER_SECOND) / 1_000));
    for (let index = 0; index < count; index++) {
      if (isCancelled()) {
        await output.cancel();
        return null;
      }
      // A second of sound goes before the pictures of that second.
      if (track !== null && index % PICTURES_PER_SECOND === 0) {
        await addSound(track, sound, index / PICTURES_PER_SECOND, Math.min(PICTURES_PER_SECOND, count - index));
      }
      await grid.draw((index * 1_000) / PICTURES_PER_SECOND);
      await pictures.add(index / PICTURES_PER_SECOND, 1 / PICTURES_PER_SECOND);
      onProgress((index + 1) / count);
    }
    await output.finalize();
    return await file.finish();
  } finally {
    track?.close();
    grid.close();
    file.release();
  }
}

async function codecs(count: number, side: number): Promise<{ video: VideoCodec | null; sound: AudioCodec | null }> {
  const { rows, columns } = gridShape(count);
  const size = { width: columns * side, height: rows * side, frameRate: PICTURES_PER_SECOND };
  return {
    video: await getFirstEncodableVideoCodec(VIDEO_CODECS, { ...size, quality: QUALITY }),
    sound: await getFirstEncodableAudioCodec(AUDIO_CODECS, { numberOfChannels: 1, sampleRate: SAMPLE_RATE, quality: QUALITY }),
  };
}

async function addSound(track: SoundTrack, source: AudioSampleSource | null, second: number, pictures: number): Promise<void> {
  const count = (pictures * SAMPLE_RATE) / PICTURES_PER_SECOND;
  const data = await track.read(second * SAMPLE_RATE, count);
  const sample = new AudioSample({ data, format: 'f32', numberOfChannels: 1, sampleRate: SAMPLE_RATE, timestamp: second });
await source?.add(sample);
  sample.close();
}

/** Everybody's picture of a moment on one canvas. */
class Grid {
  readonly canvas: OffscreenCanvas;
  private readonly context: OffscreenCanvasRenderingContext2D;
  private readonly columns: number;
  private readonly side: number;
  private readonly faces: FacePlayer[];

  constructor(
    participants: readonly FilmParticipant[],
    private readonly settings: ExportSettings,
  ) {
    const { rows, columns } = gridShape(participants.length);
    this.columns = columns;
    this.side = settings.tools.animator.side;
    this.canvas = new OffscreenCanvas(columns * this.side, rows * this.side);
    const context = this.canvas.getContext('2d', { alpha: false });
    if (context === null) throw new TypeError('this browser gave no canvas to draw on');
    this.context = context;
    this.context.fillStyle = EMPTY;
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.faces = participants.map((participant) => new FacePlayer(participant, settings.tools));
  }

  async draw(timeMs: number): Promise<void> {
    for (const [index, face] of this.faces.entries()) {
      const { picture } = await this.settings.inTurn(() => face.show(timeMs));
      const [column, row] = [index % this.columns, Math.floor(index / this.columns)];
      if (picture !== null) this.context.putImageData(picture, column * this.side, row * this.side);
    }
  }

  close(): void {
    for (const face of this.faces) face.close();
  }
}

/** Where the video is written. */
interface ExportFile {
  target: Target;
  /** The whole file, once nothing more is written. */
  finish(): Promise<Blob>;
  /** Lets go of it; safe to call twice. */
  release(): void;
}

/** A file of the page's own, of which there is one; memory where the browser keeps none. */
async function openFile(): Promise<ExportFile> {
  try {
    const handle = await (await navigator.storage.getDirectory()).getFileHandle(FILE, { create: true });
    const access = await handle.createSyncAccessHandle();
    access.truncate(0);
    const write = ({ data, position }: StreamTargetChunk): void => void access.write(data, { at: position });
    return {
      target: new StreamTarget(new WritableStream({ write }), { chunked: true }),
      finish: () => {
        access.close();
        return handle.getFile();
      },
      release: () => access.close(),
    };
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    const target = new BufferTarget();
    return { target, finish: () => Promise.resolve(new Blob([target.buffer ?? new ArrayBuffer()])), release: () => {} };
  }
}
