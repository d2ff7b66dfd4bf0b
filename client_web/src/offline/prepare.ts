/** Fetches beforehand what a call needs, so that joining on a slow link does not wait for it. */
import { createFaceEncoder, createFaceRenderer } from '../codec';

/** The large files, and the comparison's clip; the runtime and tables follow when they are tried. */
const FILES = [
  '/models/face_landmarker.task',
  '/assets/mediapipe/vision_wasm_module_internal.wasm',
  '/models/animator/keyframe.onnx',
  '/models/animator/animate.onnx',
  '/models/speech/speech.onnx',
  '/models/speech/fusion.msgpack',
  '/demonstration.fwr',
];
/** Vite's list of what it has built (vite.config.ts): every page's scripts and styles are in it, whatever was opened so far. */
const BUILT_FILES = '/built-files.json';

/** What Vite says of a built file: addresses without the leading slash. */
interface BuiltFile {
  readonly file: string;
  readonly css?: readonly string[];
  readonly assets?: readonly string[];
}

/** The steps of preparing; the last two are the pages' scripts, and that encoder and renderer really start. */
export const STEPS = FILES.length + 2;

/**
 * Fetches everything, one file after another so that other traffic gets its turn, and starts encoder and renderer once.
 * `onStep` hears how many steps are done. Throws `CodecError`, or `TypeError` where the network fails.
 */
export async function prepareDevice(onStep: (done: number) => void): Promise<void> {
  for (const [index, file] of FILES.entries()) {
    await fetchWhole(file);
    onStep(index + 1);
  }
  for (const file of await builtFiles()) await fetchWhole(file);
  onStep(FILES.length + 1);
  const encoder = await createFaceEncoder();
  encoder.close();
  const renderer = await createFaceRenderer('auto');
  renderer.close();
  onStep(STEPS);
}

async function builtFiles(): Promise<Set<string>> {
  const listed = (await (await fetch(BUILT_FILES)).json()) as Record<string, BuiltFile>;
  const names = Object.values(listed).flatMap(({ file, css = [], assets = [] }) => [file, ...css, ...assets]);
  return new Set(names.map((name) => `/${name}`));
}

/** The service worker keeps what passes by. */
async function fetchWhole(address: string): Promise<void> {
  const response = await fetch(address);
  await response.arrayBuffer();
}
