import type { FaceDecoder, FaceRenderer } from '../codec';
import { fetchModelFile } from '../codec/model_files';
import { readRecording, RECORD_KIND, type RecordingRecord } from '../codec/recording';

/** No participant's id, and not that of the pane beside it. */
const FACE = 256;
const PICTURES_PER_SECOND = 25;
const TICK_MS = 10;
const TIME_OFFSET = 3;
const TIME_MODULUS = 2 ** 24;

/** The shipped recording, drawn on a canvas in a loop as if it were a camera. */
export class ClipSource {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private next = 0;
  private beganMs = 0;
  private loops = 0;

  private constructor(
    readonly track: MediaStreamTrack,
    private readonly face: FaceDecoder,
    private readonly records: readonly RecordingRecord[],
    private readonly lengthMs: number,
  ) {
    this.beganMs = performance.now();
    this.play();
  }

  /** Fetches the recording and begins to play it. Throws `CodecError` `model-file`, `WireError`. */
  static async open(renderer: FaceRenderer): Promise<ClipSource> {
    const file = await fetchModelFile(new URL('/demonstration.fwr', location.href).href);
    const records = readRecording(file).records.filter(
      ({ kind }) => kind === RECORD_KIND.bundle || kind === RECORD_KIND.keyframe,
    );
    const lastMs = records.at(-1)?.timeMs ?? 0;
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 256;
    const face = renderer.addFace(canvas, FACE);
    const [track] = canvas.captureStream(PICTURES_PER_SECOND).getVideoTracks();
    if (track === undefined) throw new TypeError('a canvas gave a stream without a track');
    return new ClipSource(track, face, records, Math.ceil(lastMs / TICK_MS) * TICK_MS);
  }

  close(): void {
    clearTimeout(this.timer);
    this.track.stop();
    this.face.close();
  }

  /** Hands out what is due, then waits for what comes next; bundles of later rounds are dated on. */
  private play(): void {
    const nowMs = performance.now() - this.beganMs - this.loops * this.lengthMs;
    for (;;) {
      const record = this.records[this.next];
      if (record === undefined) {
        this.next = 0;
        this.loops++;
        break;
      }
      if (record.timeMs > nowMs) break;
      if (record.kind === RECORD_KIND.keyframe) this.face.pushKeyframe(record.payload);
      else this.face.pushBundle(postdate(record.payload, this.loops * this.lengthMs));
      this.next++;
    }
    this.timer = setTimeout(() => this.play(), TICK_MS);
  }
}

/** The bundle as if it had been made so much later (docs/wire-format.md, "Bundle"). */
function postdate(bundle: Uint8Array, byMs: number): Uint8Array {
  const later = bundle.slice();
  const view = new DataView(later.buffer);
  const ticks = view.getUint16(TIME_OFFSET) * 256 + view.getUint8(TIME_OFFSET + 2);
  const postdated = (ticks + byMs / TICK_MS) % TIME_MODULUS;
  view.setUint16(TIME_OFFSET, postdated >>> 8);
  view.setUint8(TIME_OFFSET + 2, postdated & 0xff);
  return later;
}
