/** The encoded transforms (W3C webrtc-encoded-transform) of one connection's voices. */
import { CallError } from '../errors';
import { splitTrailer } from './trailer';
import { TrailerQueue } from './trailer_queue';
import type { FromTransforms, ToTransforms, TransformOptions } from './transform_messages';

type VoiceTransform = TransformerTransformCallback<RTCEncodedAudioFrame, RTCEncodedAudioFrame>;

const RETURN_INTERVAL_MS = 100;

const scope = self as unknown as DedicatedWorkerGlobalScope & {
  onrtctransform: ((event: { transformer: RTCRtpScriptTransformer }) => void) | null;
};
const queue = new TrailerQueue();

scope.onmessage = ({ data: { bundle } }: MessageEvent<ToTransforms>) => {
  if (!queue.push(bundle, performance.now())) giveBack(bundle);
};

setInterval(() => queue.takeExpired(performance.now()).forEach(giveBack), RETURN_INTERVAL_MS);

scope.onrtctransform = ({ transformer }) => {
  const options = transformer.options as TransformOptions;
  const transform = options.role === 'send' ? load : unloadFrom(options.slot);
  // The pipe breaks when the connection closes, and nobody waits for it.
  transformer.readable
    .pipeThrough(new TransformStream({ transform }))
    .pipeTo(transformer.writable)
    .catch(() => undefined);
};

const load: VoiceTransform = (frame, controller) => {
  const voice = new Uint8Array(frame.data);
  const { payload, bundles } = queue.load(voice, performance.now());
  if (bundles.length > 0) {
    frame.data = payload.slice().buffer;
    const bytes = bundles.reduce((total, bundle) => total + bundle.length, 0);
    post({ type: 'sent', bundles: bundles.length, bytes, hasSound: voice.length > 0 });
  }
  controller.enqueue(frame);
};

function unloadFrom(slot: number): VoiceTransform {
  return (frame, controller) => {
    try {
      const { voice, bundles } = splitTrailer(new Uint8Array(frame.data));
      if (bundles.length > 0) post({ type: 'received', slot, bundles, hasSound: voice.length > 0 });
      if (voice.length === 0) return;
      if (bundles.length > 0) frame.data = voice.slice().buffer;
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      post({ type: 'rejected', message: error.message });
    }
    controller.enqueue(frame);
  };
}

function giveBack(bundle: Uint8Array<ArrayBuffer>): void {
  post({ type: 'returned', bundle });
}

function post(message: FromTransforms): void {
  scope.postMessage(message);
}
