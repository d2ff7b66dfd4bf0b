/** A microphone's stand-in. */
export interface SilentTrack {
  track: MediaStreamTrack;
  close(): void;
}

/** Makes a track of silence: Opus packets leave for it that carry bundles. `null` where the browser cannot. */
export function makeSilentTrack(): SilentTrack | null {
  if (typeof AudioContext !== 'function') return null;
  const context = new AudioContext();
  const output = context.createMediaStreamDestination();
  // Chromium makes no sound, not even silence, of an output without a source.
  const source = new ConstantSourceNode(context, { offset: 0 });
  source.connect(output);
  source.start();
  const track = output.stream.getAudioTracks()[0];
  return track === undefined ? null : { track, close: () => void context.close() };
}
