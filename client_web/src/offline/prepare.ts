/** Fetches beforehand what a call needs, so that joining on a slow link does not wait for it. */
import { createFaceEncoder, createFaceRenderer } from '../codec';

/** The large files; what else is needed is small and follows when they are tried. */
const FILES = [
  '/models/face_landmarker.task',
  '/assets/mediapipe/vision_wasm_module_internal.wasm',
  '/models/animator/keyframe.onnx',
  '/models/animator/animate.onnx',
];

/** The steps of preparing; the last is that encoder and renderer really start. */
export const STEPS = FILES.length + 1;

/**
 * Fetches everything, one file after another so that other traffic gets its turn, and starts encoder and renderer once.
 * `onStep` hears how many steps are done. Throws `CodecError`, or `TypeError` where the network fails.
 */
export async function prepareDevice(onStep: (done: number) => void): Promise<void> {
  for (const [index, file] of FILES.entries()) {
    const response = await fetch(file);
    await response.arrayBuffer();
    onStep(index + 1);
  }
  const encoder = await createFaceEncoder();
  encoder.close();
  const renderer = await createFaceRenderer('auto');
  renderer.close();
  onStep(STEPS);
}
