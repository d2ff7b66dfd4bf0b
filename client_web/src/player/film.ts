/** A recording made ready to be played: for each participant, what is to be drawn and heard, and when. */
import { parseBundle } from '../codec/bundle';
import { WireError } from '../codec/errors';
import { PICTURE_CODEC } from '../codec/intra_picture';
import { CACHED_KEYFRAMES } from '../codec/keyframes';
import { CLIP, readRecording, RECORD_KIND, type RecordingRecord } from '../codec/recording';
import { packetSamples } from './opus_packet';
import { clipTimesMs, showTimesMs, type RecordedTime } from './recorded_clock';

export const SAMPLES_PER_MS = 48;
/** Packets nearer to where the last one ended than this go on there. */
const SLACK_SAMPLES = 480;

/** A bundle or keyframe, and when it is due. */
export interface FilmRecord {
  payload: Uint8Array;
  /** Ms of the recording. */
  timeMs: number;
  /** When a bundle's first frame is to be shown; null for a keyframe. */
  showMs: number | null;
}

/** An Opus packet, and where its sound begins. */
export interface FilmVoice {
  packet: Uint8Array<ArrayBuffer>;
  /** Samples at 48 kHz since the recording began; may be negative. */
  start: number;
  samples: number;
}

/** What one participant sent. */
export interface FilmParticipant {
  id: number;
  /** Empty where the recording does not say. */
  name: string;
  /** Bundles and keyframes in file order. */
  records: FilmRecord[];
  /** By how much bundles stand behind the moment at which they are shown, at most. */
  lateMs: number;
  voice: FilmVoice[];
}

export interface Film {
  /** ISO 8601, or empty. */
  created: string;
  lengthMs: number;
  damagedChunks: number;
  /** In the order of their ids. */
  participants: FilmParticipant[];
}

/** Makes a file ready. Throws `WireError` if it is no recording, or there is nothing in it to play. */
export function readFilm(file: Uint8Array): Film {
  const { created, records, participants, damagedChunks } = readRecording(file);
  const sent = new Map<number, RecordingRecord[]>();
  let lengthMs = 0;
  for (const record of records) {
    if (record.kind === RECORD_KIND.participant) continue;
    lengthMs = Math.max(lengthMs, record.timeMs);
    const theirs = sent.get(record.participant);
    if (theirs === undefined) sent.set(record.participant, [record]);
    else theirs.push(record);
  }
  if (sent.size === 0) throw new WireError('there is nothing in this recording');
  const ids = [...sent.keys()].sort((one, other) => one - other);
  return {
    created,
    lengthMs,
    damagedChunks,
    participants: ids.map((id) => {
      const known = participants.get(id);
      return { id, name: known?.name ?? '', ...timed(sent.get(id) ?? [], known?.kind === CLIP), voice: voiceOf(sent.get(id) ?? []) };
    }),
  };
}

/** The bundles and keyframes among these records, with their times; bundles that do not parse are left out. */
function timed(records: readonly RecordingRecord[], isClip: boolean): Pick<FilmParticipant, 'records' | 'lateMs'> {
  const times: RecordedTime[] = [];
  const kept = records.filter(({ kind, payload, timeMs }) => {
    if (kind !== RECORD_KIND.bundle) return kind === RECORD_KIND.keyframe;
    const timeTicks = bundleTicks(payload);
    if (timeTicks !== null) times.push({ timeMs, timeTicks });
    return timeTicks !== null;
  });
  const shown = isClip ? clipTimesMs(times) : showTimesMs(times);
  let next = 0;
  const timedRecords = kept.map(({ kind, payload, timeMs }) => ({
    payload,
    timeMs,
    showMs: kind === RECORD_KIND.bundle ? shown[next++]! : null,
  }));
  const lateMs = times.reduce((most, { timeMs }, index) => Math.max(most, timeMs - shown[index]!), 0);
  return { records: timedRecords, lateMs };
}

function bundleTicks(payload: Uint8Array): number | null {
  try {
    return parseBundle(payload).header.timeTicks;
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}

/** A packet is recorded when it is complete: its sound began earlier by its own length. */
function voiceOf(records: readonly RecordingRecord[]): FilmVoice[] {
  const voice: FilmVoice[] = [];
  for (const { kind, payload, timeMs } of records) {
    const samples = kind === RECORD_KIND.sound ? packetSamples(payload) : 0;
    if (samples === 0) continue;
    const stated = timeMs * SAMPLES_PER_MS - samples;
    const last = voice.at(-1);
    const end = last === undefined ? stated : last.start + last.samples;
    voice.push({ packet: payload, samples, start: Math.abs(stated - end) < SLACK_SAMPLES ? end : stated });
  }
  return voice;
}

/** Where to begin reading for a start at `timeMs`, and the keyframes before that which a decoder needs, oldest first. */
export function startingPoint(
  { records, lateMs }: FilmParticipant,
  timeMs: number,
  runUpMs: number,
): { next: number; keyframes: Uint8Array[] } {
  const found = records.findIndex((record) => record.timeMs >= timeMs - runUpMs - lateMs);
  const next = found < 0 ? records.length : found;
  const keyframes: Uint8Array[] = [];
  const numbers = new Set<number | undefined>();
  for (let index = next - 1; index >= 0; index--) {
    const { showMs, payload } = records[index]!;
    if (showMs !== null) continue;
    keyframes.unshift(payload);
    numbers.add(payload[1]);
    const beginsChain = ((payload[0] ?? 0) & 15) !== PICTURE_CODEC.av1Next;
    if (beginsChain && numbers.size >= CACHED_KEYFRAMES) break;
  }
  return { next, keyframes };
}
