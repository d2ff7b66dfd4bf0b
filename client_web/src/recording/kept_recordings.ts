/** The recordings that this browser keeps: files of the page's own (W3C File System, origin private file system). */

const FOLDER = 'recordings';

/** The folder of recordings; rejects where the browser keeps no files (an old one, some private windows). */
export async function recordingsFolder(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(FOLDER, { create: true });
}

/** All that are kept, the newest first; none where the browser keeps no files. */
export async function keptRecordings(): Promise<File[]> {
  const files: File[] = [];
  try {
    for await (const handle of (await recordingsFolder()).values()) {
      if (handle.kind === 'file') files.push(await (handle as FileSystemFileHandle).getFile());
    }
  } catch (error) {
    if (!isUnavailable(error)) throw error;
  }
  return files.sort((one, other) => other.lastModified - one.lastModified);
}

/** The recording of that name; null if there is none. */
export async function keptRecording(name: string): Promise<File | null> {
  return (await keptRecordings()).find((file) => file.name === name) ?? null;
}

/** Deletes a recording. Resolves with whether that was possible: while it is being written, it is not. */
export async function deleteRecording(name: string): Promise<boolean> {
  try {
    await (await recordingsFolder()).removeEntry(name);
    return true;
  } catch (error) {
    if (isUnavailable(error)) return false;
    throw error;
  }
}

/** Whether an error says that the browser keeps no files for this page, or not this one. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof DOMException || error instanceof TypeError;
}
