import type { RendererFiles } from '../codec/renderer_messages';
import type { FaceMode } from './face_player';

/** What the page knows of an opened recording. */
export interface FilmSummary {
  /** ISO 8601, or empty. */
  created: string;
  lengthMs: number;
  damagedChunks: number;
  /** In the order of their ids; `name` is empty where the recording does not say. */
  participants: { id: number; name: string; hasPictures: boolean }[];
  /** Whether this browser decodes the recording's sound. */
  decodesSound: boolean;
}

/** Codecs as people name them; null where this browser has no encoder. */
export interface ExportFormat {
  video: string | null;
  sound: string | null;
}

/** What the page asks of the player's worker, and what it gets; `participants` are ids. */
export interface PlayerRequests {
  /** Loads what draws, and reads the file. To be asked first, once. */
  open: { take: { files: RendererFiles; file: Blob }; give: FilmSummary };
  /** Draws a participant on that canvas from now on. */
  stage: { take: { participant: number; canvas: OffscreenCanvas }; give: null };
  /** Draws the pictures of that moment, and says how each came about. */
  show: { take: { timeMs: number; participants: number[] }; give: [participant: number, mode: FaceMode][] };
  /** Mono samples (48 kHz, ±1) from sample `start` of the recording on. */
  sound: { take: { start: number; count: number; participants: number[] }; give: Float32Array<ArrayBuffer> };
  format: { take: { participants: number[] }; give: ExportFormat };
  /** Makes an MP4; null if it was cancelled. */
  export: { take: { participants: number[]; title: string }; give: Blob | null };
  cancelExport: { take: null; give: null };
}

export type PlayerRequest = keyof PlayerRequests;

/** From the page to the player's worker. */
export type ToPlayer = {
  [Name in PlayerRequest]: { number: number; name: Name; take: PlayerRequests[Name]['take'] };
}[PlayerRequest];

/** From the player's worker to the page. */
export type FromPlayer =
  | { type: 'answer'; number: number; give: PlayerRequests[PlayerRequest]['give'] }
  | { type: 'failed'; number: number; message: string }
  /** Of the export that is running, 0 to 1. */
  | { type: 'progress'; share: number };
