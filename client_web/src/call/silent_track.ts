/** A microphone's stand-in. */
export interface SilentTrack {
  track: MediaStreamTrack;
  close(): void;
}

/** Makes a track of silence: Opus packets leave for it that carry bundles. `null` where the browser cannot. */
export function makeSilentTrack(): SilentTrack | null {
  if (typeof AudioContext !== 'function') return null;
  const context = new AudioContext();
  const track = context.createMediaStreamDestination().stream.getAudioTracks()[0];
  return track === undefined ? null : { track, close: () => void context.close() };
}
