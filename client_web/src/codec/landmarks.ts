/** Face landmarks of a picture, by MediaPipe's FaceLandmarker (Kartynnik et al., CVPRW 2019). */
import { FaceLandmarker } from '@mediapipe/tasks-vision';
import { CodecError } from './errors';
import { LANDMARKS, type Landmarks } from './motion';

/** Tracks one face through a video. */
export class LandmarkTracker {
  private lastTimeMs = -1;

  private constructor(private readonly landmarker: FaceLandmarker) {}

  /**
   * Loads MediaPipe's module from the folder `mediapipeUrl` and the landmark model; only inside a module worker.
   *
   * Runs on the GPU where WebGL2 is not emulated. Throws `CodecError` `model-refused`.
   */
  static async create(mediapipeUrl: string, model: Uint8Array): Promise<LandmarkTracker> {
    // MediaPipe loads its module with `self.import` where that exists; bundlers would rewrite a bare `import`.
    Object.assign(self, { import: (url: string) => import(/* @vite-ignore */ url) });
    const runtime = {
      wasmLoaderPath: `${mediapipeUrl}/vision_wasm_module_internal.js`,
      wasmBinaryPath: `${mediapipeUrl}/vision_wasm_module_internal.wasm`,
    };
    const create = async (delegate: 'GPU' | 'CPU'): Promise<LandmarkTracker> => {
      const baseOptions = { modelAssetBuffer: model, delegate };
      const options = { baseOptions, runningMode: 'VIDEO', numFaces: 1 } as const;
      return new LandmarkTracker(await FaceLandmarker.createFromOptions(runtime, options));
    };
    try {
      // A graphics driver may still refuse what it promised.
      return hasHardwareWebGl() ? await create('GPU').catch(() => create('CPU')) : await create('CPU');
    } catch (error) {
      throw new CodecError('model-refused', `MediaPipe cannot run the landmark model: ${String(error)}`);
    }
  }

  /**
   * Returns the face's landmarks in pixels of the frame (z in the same unit), or null: no face.
   *
   * `timeMs` must grow from call to call; equal times are moved on by 1 ms.
   */
  track(frame: VideoFrame, timeMs: number): Landmarks | null {
    this.lastTimeMs = Math.max(Math.round(timeMs), this.lastTimeMs + 1);
    const face = this.landmarker.detectForVideo(frame, this.lastTimeMs).faceLandmarks[0];
    if (face === undefined) return null;
    const { displayWidth: width, displayHeight: height } = frame;
    const points = new Float64Array(3 * LANDMARKS);
    face.forEach((point, index) => points.set([point.x * width, point.y * height, point.z * width], 3 * index));
    return points;
  }
}

/** Whether WebGL2 runs on a real graphics processor rather than in software. */
function hasHardwareWebGl(): boolean {
  const gl = new OffscreenCanvas(1, 1).getContext('webgl2', { failIfMajorPerformanceCaveat: true });
  if (gl === null) return false;
  const information = gl.getExtension('WEBGL_debug_renderer_info');
  const renderer = String(gl.getParameter(information?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER));
  gl.getExtension('WEBGL_lose_context')?.loseContext();
  return !/swiftshader|llvmpipe|software|basic render/i.test(renderer);
}
