/** Writes one recording chunk by chunk to a file of the page's own; into memory where the browser keeps none. */
import { SerialQueue } from '../call/encryption/serial_queue';
import { isUnavailable, recordingsFolder } from './kept_recordings';
import type { FromRecordingFile, ToRecordingFile } from './recording_messages';

/** Where the chunks go. */
interface Sink {
  append(bytes: Uint8Array<ArrayBuffer>): void;
  close(): Promise<{ file: Blob; isKept: boolean }>;
}

let sink: Sink | null = null;
const queue = new SerialQueue((error) => post({ type: 'failed', message: String(error) }));

self.onmessage = ({ data }: MessageEvent<ToRecordingFile>) => queue.run(() => handle(data));

async function handle(message: ToRecordingFile): Promise<void> {
  switch (message.type) {
    case 'open':
      sink = await openSink(message.name);
      return;
    case 'append':
      sink?.append(message.bytes);
      return;
    case 'close':
      if (sink !== null) post({ type: 'closed', ...(await sink.close()) });
  }
}

async function openSink(name: string): Promise<Sink> {
  try {
    const handle = await (await recordingsFolder()).getFileHandle(name, { create: true });
    const access = await handle.createSyncAccessHandle();
    access.truncate(0);
    let position = 0;
    return {
      append: (bytes) => {
        position += access.write(bytes, { at: position });
        access.flush();
      },
      close: async () => {
        access.close();
        return { file: await handle.getFile(), isKept: true };
      },
    };
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    return {
      append: (bytes) => void chunks.push(bytes),
      close: () => Promise.resolve({ file: new Blob(chunks), isKept: false }),
    };
  }
}

function post(message: FromRecordingFile): void {
  self.postMessage(message);
}
