import type { FromRecordingFile, ToRecordingFile } from './recording_messages';

/** A recording that is complete. */
export interface RecordedFile {
  name: string;
  file: Blob;
  /** Whether this browser keeps it under its name; else it is gone with the page. */
  isKept: boolean;
  lengthMs: number;
}

/** A file that a worker writes; what was appended outlives a crash of the page where the browser keeps files. */
export class RecordingFile {
  bytes = 0;
  private readonly worker = new Worker(new URL('./recording_file.worker.ts', import.meta.url), { type: 'module' });
  private readonly closed: Promise<{ file: Blob; isKept: boolean }>;

  /** @param onFailed hears once why nothing more can be written, such as a full disk. */
  constructor(
    readonly name: string,
    onFailed: (message: string) => void,
  ) {
    this.closed = new Promise((resolve) => {
      this.worker.onmessage = ({ data }: MessageEvent<FromRecordingFile>) => {
        if (data.type === 'failed') onFailed(data.message);
        else resolve({ file: data.file, isKept: data.isKept });
      };
    });
    this.worker.onerror = ({ message }) => onFailed(message);
    this.post({ type: 'open', name });
  }

  append(bytes: Uint8Array<ArrayBuffer>): void {
    this.bytes += bytes.length;
    this.post({ type: 'append', bytes });
  }

  /** Resolves with the whole file. */
  async close(): Promise<{ file: Blob; isKept: boolean }> {
    this.post({ type: 'close' });
    const closed = await this.closed;
    this.worker.terminate();
    return closed;
  }

  private post(message: ToRecordingFile): void {
    this.worker.postMessage(message);
  }
}
