/** Chromium's way to a track's frames, which goes on in hidden tabs (W3C MediaStreamTrack Insertable Media Processing). */
interface TrackProcessor {
  readable: ReadableStream<VideoFrame>;
}
type TrackProcessorConstructor = new (init: { track: MediaStreamTrack; maxBufferSize: number }) => TrackProcessor;

/** Takes a frame, which it closes, and its capture time on the page's monotonic clock in ms. */
export type FrameReceiver = (frame: VideoFrame, timeMs: number) => void;

/** Whether this browser can hand out the frames of a camera. */
export function canReadCamera(): boolean {
  return typeof VideoFrame !== 'undefined' && 'requestVideoFrameCallback' in HTMLVideoElement.prototype;
}

/** Hands every frame of a playing element's camera to `receive`; returns what stops it. */
export function readCamera(video: HTMLVideoElement, receive: FrameReceiver): () => void {
  const { MediaStreamTrackProcessor: Processor } = globalThis as {
    MediaStreamTrackProcessor?: TrackProcessorConstructor;
  };
  const track = video.srcObject instanceof MediaStream ? video.srcObject.getVideoTracks()[0] : undefined;
  if (Processor === undefined || track === undefined) return readElement(video, receive);
  return readTrack(new Processor({ track, maxBufferSize: 1 }).readable.getReader(), receive);
}

function readTrack(reader: ReadableStreamDefaultReader<VideoFrame>, receive: FrameReceiver): () => void {
  let clockOffsetMs: number | null = null;
  const readOn = async (): Promise<void> => {
    for (;;) {
      const { value: frame } = await reader.read();
      if (frame === undefined) return;
      const timestampMs = frame.timestamp / 1000;
      clockOffsetMs ??= performance.now() - timestampMs;
      receive(frame, timestampMs + clockOffsetMs);
    }
  };
  // A track that ends or fails is the business of its `ended` event.
  readOn().catch(() => {});
  return () => void reader.cancel();
}

/** The way of the other browsers; it pauses while the tab is hidden. */
function readElement(video: HTMLVideoElement, receive: FrameReceiver): () => void {
  let callback = 0;
  const awaitNext = (): void => {
    callback = video.requestVideoFrameCallback((now, metadata) => {
      awaitNext();
      const timeMs = metadata.captureTime ?? now;
      receive(new VideoFrame(video, { timestamp: Math.round(timeMs * 1000) }), timeMs);
    });
  };
  awaitNext();
  return () => video.cancelVideoFrameCallback(callback);
}
