/** The player's worker: reads a recording, draws its faces, decodes its sound, makes a video of it. */
import { loadDrawingTools, type DrawingTools } from '../codec/drawing_tools';
import { decodesOpus } from '../codec/speech/voice_tap';
import { FacePlayer, type FaceMode } from './face_player';
import { readFilm, type Film, type FilmParticipant } from './film';
import type { FilmSummary, FromPlayer, PlayerRequest, PlayerRequests, ToPlayer } from './player_messages';
import { SoundTrack } from './sound_track';

/** An opened recording. */
interface Opened {
  film: Film;
  tools: DrawingTools;
  decodesSound: boolean;
  faces: Map<number, FacePlayer>;
  contexts: Map<number, OffscreenCanvasRenderingContext2D>;
  /** Of the participants that are heard. */
  sound: { track: SoundTrack; participants: string };
}

let opened: Opened | null = null;
let isCancelled = false;
/** The animator draws one picture at a time, whoever wants it. */
let drawing: Promise<unknown> = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<ToPlayer>) => {
  const answer = handlers[data.name] as (take: unknown) => Promise<PlayerRequests[PlayerRequest]['give']>;
  answer(data.take).then(
    (give) => post({ type: 'answer', number: data.number, give }, give instanceof Float32Array ? [give.buffer] : []),
    (error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      post({ type: 'failed', number: data.number, message });
    },
  );
};

type Handlers = {
  [Name in PlayerRequest]: (take: PlayerRequests[Name]['take']) => Promise<PlayerRequests[Name]['give']>;
};

const handlers: Handlers = {
  async open({ files, file }) {
    const film = readFilm(new Uint8Array(await file.arrayBuffer()));
    const [tools, decodesSound] = await Promise.all([loadDrawingTools(files), decodesOpus()]);
    const faces = new Map(film.participants.map((each) => [each.id, new FacePlayer(each, tools)]));
    const sound = { track: new SoundTrack([]), participants: '' };
    opened = { film, tools, decodesSound, faces, contexts: new Map(), sound };
    return summary(film, decodesSound);
  },
  stage({ participant, canvas }) {
    const { tools, contexts } = here();
    canvas.width = canvas.height = tools.animator.side;
    const context = canvas.getContext('2d');
    if (context !== null) contexts.set(participant, context);
    return Promise.resolve(null);
  },
  async show({ timeMs, participants }) {
    const { faces, contexts } = here();
    const modes: [number, FaceMode][] = [];
    for (const id of participants) {
      const [face, context] = [faces.get(id), contexts.get(id)];
      if (face === undefined || context === undefined) continue;
      const { picture, mode } = await inTurn(() => face.show(timeMs));
      if (picture === null) context.clearRect(0, 0, context.canvas.width, context.canvas.height);
      else context.putImageData(picture, 0, 0);
      modes.push([id, mode]);
    }
    return modes;
  },
  async sound({ start, count, participants }) {
    const { sound, decodesSound } = here();
    if (!decodesSound) return new Float32Array(count);
    if (sound.participants !== String(participants)) {
      sound.track.close();
      sound.track = new SoundTrack(chosen(participants));
      sound.participants = String(participants);
    }
    return sound.track.read(start, count);
  },
  async format({ participants }) {
    const { formatNames } = await import('./player_export');
    return formatNames(chosen(participants), here().tools.animator.side);
  },
  async export({ participants, title }) {
    const { exportFilm } = await import('./player_export');
    const { film, tools, decodesSound } = here();
    isCancelled = false;
    return exportFilm({
      participants: chosen(participants),
      lengthMs: film.lengthMs,
      title,
      tools,
      decodesSound,
      inTurn,
      onProgress: (share) => post({ type: 'progress', share }),
      isCancelled: () => isCancelled,
    });
  },
  cancelExport() {
    isCancelled = true;
    return Promise.resolve(null);
  },
};

function here(): Opened {
  if (opened === null) throw new TypeError('no recording was opened');
  return opened;
}

function chosen(ids: readonly number[]): FilmParticipant[] {
  return here().film.participants.filter(({ id }) => ids.includes(id));
}

function inTurn<T>(task: () => Promise<T>): Promise<T> {
  const result = drawing.then(task);
  drawing = result.catch(() => {});
  return result;
}

function summary({ created, lengthMs, damagedChunks, participants }: Film, decodesSound: boolean): FilmSummary {
  const people = participants.map(({ id, name, records }) => ({ id, name, hasPictures: records.length > 0 }));
  return { created, lengthMs, damagedChunks, participants: people, decodesSound };
}

function post(message: FromPlayer, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}
