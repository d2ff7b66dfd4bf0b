/** From the page to the worker that writes one recording. */
export type ToRecordingFile =
  | { type: 'open'; name: string }
  | { type: 'append'; bytes: Uint8Array<ArrayBuffer> }
  | { type: 'close' };

/** From that worker to the page. */
export type FromRecordingFile =
  /** All is written; `isKept`: under its name among the kept recordings, else only in `file`. */
  | { type: 'closed'; file: Blob; isKept: boolean }
  /** Nothing more can be written. */
  | { type: 'failed'; message: string };
