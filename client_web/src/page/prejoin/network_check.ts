/** Is a call possible from here? The checks go the way of a call, into a room of their own. */
import { Call } from '../../call/call';
import type { CallError } from '../../call/errors';
import { makeSilentTrack } from '../../call/silent_track';
import { makeUpRoomName } from '../home/room_names';

/** What a check found; times in ms. */
export type NetworkFinding =
  /** Signalling and media reach the server. */
  | { outcome: 'good'; signallingMs: number; mediaMs: number }
  /** The server asks for an invitation: only the socket was checked. */
  | { outcome: 'invited-only'; signallingMs: number }
  /** The server's WebSocket cannot be reached. */
  | { outcome: 'no-server' }
  /** The socket works, but no media path: UDP is blocked. */
  | { outcome: 'no-media'; signallingMs: number }
  | { outcome: 'refused'; error: CallError };

const LIMIT_MS = 20_000;

/** Joins a made-up room for a moment and says how far that went, within 20 s. `page` is this page's address. */
export function checkNetwork(page: string): Promise<NetworkFinding> {
  const silence = makeSilentTrack();
  const call = new Call({
    page,
    room: `check-${makeUpRoomName()}`,
    name: 'Network check',
    source: 'none',
    state: { muted: true, camera: 'off', hand: false, recording: false, screen: false },
    microphone: silence?.track ?? null,
    token: null,
    linkSecret: null,
    transport: 'auto',
    keyframes: 'all',
    store: { keyframesInUse: () => [], keyframesSince: () => [] },
  });
  const begin = performance.now();
  const elapsed = (): number => Math.round(performance.now() - begin);
  let signallingMs: number | null = null;
  return new Promise<NetworkFinding>((resolve) => {
    const unreached = (): NetworkFinding =>
      signallingMs === null ? { outcome: 'no-server' } : { outcome: 'no-media', signallingMs };
    setTimeout(() => resolve(unreached()), LIMIT_MS);
    call.on('joined', () => (signallingMs ??= elapsed()));
    call.on('open', () => resolve({ outcome: 'good', signallingMs: signallingMs ?? 0, mediaMs: elapsed() }));
    call.on('connection-lost', () => resolve(unreached()));
    call.on('ended', ({ error }) => {
      if (error?.code === 'token-required') resolve({ outcome: 'invited-only', signallingMs: elapsed() });
      else if (error !== null) resolve({ outcome: 'refused', error });
    });
    call.join();
  }).finally(() => {
    call.leave();
    silence?.close();
  });
}
