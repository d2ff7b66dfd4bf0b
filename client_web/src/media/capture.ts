/** Opening camera and microphone (W3C mediacapture-streams), with each failure told apart. */

export type DeviceKind = 'camera' | 'microphone';

/**
 * Why a device is not to be had. `insecure-address`: browsers give devices to pages from https or localhost only.
 * `unsupported`: this browser has no such interface. `permission-denied`: by the person, or by policy.
 * `not-found`: there is none. `in-use`: it did not start, mostly because another program holds it.
 */
export type CaptureProblem = 'insecure-address' | 'unsupported' | 'permission-denied' | 'not-found' | 'in-use';

/** One device: its track, or why there is none. */
export type Captured = { track: MediaStreamTrack } | { problem: CaptureProblem };

const CONSTRAINTS: Record<DeviceKind, MediaTrackConstraints> = {
  camera: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 25, max: 30 } },
  microphone: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
};

/**
 * Opens camera and microphone with one question to the person; where that fails, each alone.
 * @param camera, microphone the preferred device's id, or `null` for the browser's choice.
 */
export async function openDevices(
  camera: string | null,
  microphone: string | null,
): Promise<Record<DeviceKind, Captured>> {
  const unavailable = unavailability();
  if (unavailable !== null) return { camera: { problem: unavailable }, microphone: { problem: unavailable } };
  try {
    const stream = await navigator.mediaDevices.getUserMedia({
      video: constraints('camera', camera),
      audio: constraints('microphone', microphone),
    });
    return {
      camera: firstTrack(stream.getVideoTracks()),
      microphone: firstTrack(stream.getAudioTracks()),
    };
  } catch {
    return {
      camera: await openDevice('camera', camera),
      microphone: await openDevice('microphone', microphone),
    };
  }
}

/** Opens one device; `id` is preferred where it exists. */
export async function openDevice(kind: DeviceKind, id: string | null): Promise<Captured> {
  const unavailable = unavailability();
  if (unavailable !== null) return { problem: unavailable };
  try {
    const wanted = constraints(kind, id);
    const stream = await navigator.mediaDevices.getUserMedia(kind === 'camera' ? { video: wanted } : { audio: wanted });
    return firstTrack(stream.getTracks());
  } catch (error) {
    const isGone = error instanceof DOMException && error.name === 'OverconstrainedError' && id !== null;
    return isGone ? openDevice(kind, null) : { problem: problemOf(error) };
  }
}

/** The devices of one kind; labels are empty until permission was given. */
export async function listDevices(kind: DeviceKind): Promise<MediaDeviceInfo[]> {
  if (unavailability() !== null) return [];
  const wanted = kind === 'camera' ? 'videoinput' : 'audioinput';
  return (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === wanted);
}

function unavailability(): CaptureProblem | null {
  if (!window.isSecureContext) return 'insecure-address';
  return 'mediaDevices' in navigator ? null : 'unsupported';
}

/** Were the id only ideal, another device that fits the other wishes better would come instead. */
function constraints(kind: DeviceKind, id: string | null): MediaTrackConstraints {
  return id === null ? CONSTRAINTS[kind] : { ...CONSTRAINTS[kind], deviceId: { exact: id } };
}

function firstTrack([track]: MediaStreamTrack[]): Captured {
  return track === undefined ? { problem: 'not-found' } : { track };
}

function problemOf(error: unknown): CaptureProblem {
  const name = error instanceof DOMException || error instanceof Error ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'permission-denied';
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'not-found';
  return 'in-use';
}
