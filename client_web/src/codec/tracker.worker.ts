/** The sender's worker: camera frames in, bundles and keyframes out. */
import { CameraFrame } from './camera_picture';
import { EntropyTable } from './contexts';
import { Encoder } from './encoder';
import { CodecError } from './errors';
import { LandmarkTracker } from './landmarks';
import { fetchModelFile } from './model_files';
import { MotionModel } from './motion';
import { parseMotionTable } from './motion_table';
import { PictureStreamEncoder } from './picture_stream_encoder';
import { DEFAULT_SETTINGS } from './settings';
import { StageTiming } from './stage_timing';
import type { FromTracker, ToTracker, TrackerFiles } from './tracker_messages';

class Tracker {
  private readonly landmarkTiming = new StageTiming();
  private voiceActive = false;

  private constructor(
    private readonly landmarks: LandmarkTracker,
    readonly encoder: Encoder,
  ) {}

  static async open(files: TrackerFiles): Promise<Tracker> {
    const [landmarker, motionTable, entropyTable] = await Promise.all([
      fetchModelFile(files.landmarkerUrl, files.landmarkerDigest),
      fetchModelFile(files.motionTableUrl),
      fetchModelFile(files.entropyTableUrl),
    ]);
    const model = new MotionModel(parseMotionTable(motionTable));
    const encoder = new Encoder(model, EntropyTable.parse(entropyTable), new PictureStreamEncoder(DEFAULT_SETTINGS));
    return new Tracker(await LandmarkTracker.create(files.mediapipeUrl, landmarker), encoder);
  }

  setVoiceActive(active: boolean): void {
    this.voiceActive = active;
  }

  /** Tracks and encodes one frame; `timeMs` is on the page's clock. */
  async take(frame: VideoFrame, timeMs: number): Promise<void> {
    const begin = performance.now();
    try {
      const points = this.landmarkTiming.measure(() => this.landmarks.track(frame, timeMs));
      const encoded = await this.encoder.encode(new CameraFrame(frame), points, timeMs, this.voiceActive);
      const { keyframe, bundles } = encoded;
      if (keyframe) post({ type: 'keyframe', blob: keyframe }, [keyframe.buffer]);
      for (const bundle of bundles) post({ type: 'bundle', bundle }, [bundle.buffer]);
      post({
        type: 'tracked',
        face: points !== null,
        crop: this.encoder.crop,
        milliseconds: performance.now() - begin,
        timings: { landmarks: this.landmarkTiming.mean, ...this.encoder.stageTimings },
      });
    } finally {
      frame.close();
    }
  }
}

let tracker: Tracker | null = null;

self.onmessage = ({ data }: MessageEvent<ToTracker>) => {
  handle(data).catch((error: unknown) => {
    const failure =
      error instanceof CodecError ? error : new CodecError('model-refused', `tracking failed: ${String(error)}`);
    post({ type: 'error', code: failure.code, message: failure.message });
  });
};

async function handle(message: ToTracker): Promise<void> {
  switch (message.type) {
    case 'open':
      tracker = await Tracker.open(message.files);
      post({ type: 'ready' });
      return;
    case 'frame':
      await tracker?.take(message.frame, message.timeMs);
      return;
    case 'voice':
      tracker?.setVoiceActive(message.active);
      return;
    case 'begin-chain':
      tracker?.encoder.beginChain();
      return;
    case 'prediction':
      tracker?.encoder.setPrediction(message.allowed);
      return;
    case 'confirmed':
      tracker?.encoder.confirmKeyframe(message.number);
      return;
    case 'keyframe-rate':
      tracker?.encoder.setKeyframeKbps(message.kbps);
  }
}

function post(message: FromTracker, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}
