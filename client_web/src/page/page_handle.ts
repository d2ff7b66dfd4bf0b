import type { CallPhase, CallStatistics } from '../call/call';
import type { Participant } from '../call/messages';
import type { ParticipantState } from '../call/events';
import type { EncoderTimings, FaceDecoderStatistics, RendererTimings, TrackingStatus } from '../codec';

/** Another participant as this page sees it. */
export interface RemoteStatistics extends Participant {
  state: ParticipantState | null;
  /** `null` until a face was drawn for a second. */
  drawing: FaceDecoderStatistics | null;
  speaking: boolean;
}

/** Another participant's shared screen as this page sees it. */
export interface ScreenStatistics {
  participant: number;
  /** The share that is as good as it will be; `null` before anything has come. */
  settled: number | null;
  /** Updates that broke the format, or were too many. */
  rejected: number;
}

/** Everything that the page knows in numbers. */
export interface PageStatistics extends CallStatistics {
  phase: CallPhase;
  /** Of our own camera; `null` while it is off or the tracker loads. */
  tracking: TrackingStatus | null;
  /** Whether our own voice is active. */
  speaking: boolean;
  remotes: RemoteStatistics[];
  /** The screens that others share. */
  screens: ScreenStatistics[];
  /** Milliseconds of each stage, `null` where it is not loaded. */
  timings: { encoder: EncoderTimings | null; renderer: RendererTimings | null };
}

/** What tests and curious people find as `window.facewire`. */
export interface PageHandle {
  /** The numbers of this moment. */
  statistics(): PageStatistics;
  /** The canvas on which a participant's face is drawn, 256 × 256; `null` if there is no such participant. */
  canvas(participant: number): HTMLCanvasElement | null;
}

declare global {
  interface Window {
    facewire?: PageHandle;
  }
}
