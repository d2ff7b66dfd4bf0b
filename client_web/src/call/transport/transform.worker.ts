/** The encoded transforms (W3C webrtc-encoded-transform) of one connection's voices. */
import { CallError } from '../errors';
import { speechIn } from '../encryption/sealed_header';
import { VoiceCipher } from '../encryption/voice_cipher';
import { OPUS_PAYLOAD_TYPE, RED_MIME_TYPE, packRed } from './red';
import { PlayedVoices, sortItems, type VoiceCopy } from './redundancy';
import { splitTrailer } from './trailer';
import { PAUSE_BYTES, TrailerQueue } from './trailer_queue';
import type { FromTransforms, ToTransforms, TransformOptions } from './transform_messages';
import type { VoiceArrival } from './transport';

/** TypeScript does not know of the time yet (W3C webrtc-encoded-transform, `receiveTime`); not every browser tells it. */
type FrameMetadata = RTCEncodedAudioFrameMetadata & { receiveTime?: number };
type VoiceTransform = TransformerTransformCallback<RTCEncodedAudioFrame, RTCEncodedAudioFrame>;

const RETURN_INTERVAL_MS = 100;
/** The configuration of an Opus packet, with the code of one frame. */
const FIRST_BYTE_OF_A_PAUSE = 0xfc;

const scope = self as unknown as DedicatedWorkerGlobalScope & {
  onrtctransform: ((event: { transformer: RTCRtpScriptTransformer }) => void) | null;
};
const queue = new TrailerQueue();
const cipher = new VoiceCipher();
let isTapped = false;

scope.onmessage = ({ data }: MessageEvent<ToTransforms>) => {
  if (data.type === 'redundancy') queue.redundancy.depth = data.depth;
  else if (data.type === 'tap') isTapped = data.isOpen;
  else if (data.type !== 'bundle') cipher.take(data);
  else if (!cipher.takesBundles || !queue.push(data.bundle, performance.now())) giveBack(data.bundle);
};

setInterval(() => queue.takeExpired(performance.now()).forEach(giveBack), RETURN_INTERVAL_MS);

scope.onrtctransform = ({ transformer }) => {
  const options = transformer.options as TransformOptions;
  const stages = options.role === 'send' ? [load, seal] : [openFrom(options.slot), unloadFrom(options.slot)];
  // The pipe breaks when the connection closes, and nobody waits for it.
  stages
    .reduce((frames, transform) => frames.pipeThrough(new TransformStream({ transform })), transformer.readable)
    .pipeTo(transformer.writable)
    .catch(() => undefined);
};

const load: VoiceTransform = (frame, controller) => {
  tap(null, timestampOf(frame), new Uint8Array(frame.data));
  if (!cipher.takesBundles) {
    controller.enqueue(frame);
    return;
  }
  const voice = new Uint8Array(frame.data);
  const { payload, bundles } = queue.load(voice, timestampOf(frame), performance.now());
  if (payload !== voice) frame.data = payload.slice().buffer;
  if (bundles.length > 0) {
    const bytes = bundles.reduce((total, bundle) => total + bundle.length, 0);
    post({ type: 'sent', bundles: bundles.length, bytes, hasSound: voice.length > 0 });
  }
  controller.enqueue(frame);
};

const seal: VoiceTransform = async (frame, controller) => {
  const payload = new Uint8Array(frame.data);
  const sealed = payload.length === 0 ? payload : await cipher.seal(payload, speaksIn(payload));
  if (sealed === null) return;
  if (sealed !== payload) frame.data = sealed.buffer;
  controller.enqueue(frame);
};

/** Whether somebody speaks: as the newest bundle says, or, where there is none, if there is sound. */
function speaksIn(payload: Uint8Array): boolean {
  try {
    const { voice, bundles } = splitTrailer(payload);
    const newest = sortItems(bundles).bundles.at(-1);
    return newest === undefined ? voice.length > PAUSE_BYTES : speechIn(newest);
  } catch (error) {
    if (error instanceof CallError) return true;
    throw error;
  }
}

function openFrom(slot: number): VoiceTransform {
  return async (frame, controller) => {
    const packet = new Uint8Array(frame.data);
    const payload = await cipher.open(slot, packet);
    if (payload === null) {
      post({ type: 'dropped', counters: cipher.dropped });
      return;
    }
    if (payload !== packet) frame.data = payload.buffer;
    controller.enqueue(frame);
  };
}

function unloadFrom(slot: number): VoiceTransform {
  const played = new PlayedVoices();
  return (frame, controller) => {
    const payload = new Uint8Array(frame.data);
    const timestamp = timestampOf(frame);
    let voice: Uint8Array = payload;
    let copies: VoiceCopy[] = [];
    try {
      const parted = splitTrailer(payload);
      const { bundles, copies: sentAgain } = sortItems(parted.bundles);
      post({ type: 'received', slot, arrival: arrivalOf(frame), bundles, hasSound: parted.voice.length > 0 });
      voice = parted.voice;
      copies = played.missing(timestamp, sentAgain);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      post({ type: 'rejected', message: error.message });
    }
    const [lost] = copies;
    if (voice.length === 0 && lost === undefined) return;
    // A lost packet that only silence follows needs one to come with: the voice pauses.
    if (voice.length === 0) voice = Uint8Array.of((lost?.packet[0] ?? 0) & FIRST_BYTE_OF_A_PAUSE);
    played.note(timestamp, copies);
    for (const { age, packet } of copies) tap(slot, timestamp - age, packet);
    tap(slot, timestamp, voice);
    if (isRed(frame)) frame.data = packRed(OPUS_PAYLOAD_TYPE, voice, copies).buffer;
    else if (voice !== payload) frame.data = voice.slice().buffer;
    controller.enqueue(frame);
  };
}

function timestampOf(frame: RTCEncodedAudioFrame): number {
  return frame.getMetadata().rtpTimestamp ?? 0;
}

function arrivalOf(frame: RTCEncodedAudioFrame): VoiceArrival {
  const { rtpTimestamp, receiveTime } = frame.getMetadata() as FrameMetadata;
  return { timestamp: rtpTimestamp ?? 0, atMs: performance.timeOrigin + (receiveTime ?? performance.now()) };
}

/** Whether redundancy was negotiated for this voice, so that its decoder reads RED payloads (`preferRed`). */
function isRed(frame: RTCEncodedAudioFrame): boolean {
  return frame.getMetadata().mimeType?.toLowerCase() === RED_MIME_TYPE;
}

/** Hands a voice packet out, to be recorded or to move its face; pauses are none. */
function tap(slot: number | null, timestamp: number, packet: Uint8Array): void {
  if (isTapped && packet.length > PAUSE_BYTES) post({ type: 'tapped', slot, timestamp, packet: packet.slice() });
}

function giveBack(bundle: Uint8Array<ArrayBuffer>): void {
  post({ type: 'returned', bundle });
}

function post(message: FromTransforms): void {
  scope.postMessage(message);
}
