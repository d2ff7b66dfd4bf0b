/** What the page says when something is missing or fails: plainly, and with a way on. */
import type { CallError } from '../../call/errors';
import type { CodecError } from '../../codec';
import type { CaptureProblem, DeviceKind } from '../../media/capture';
import { messages } from '../i18n/language';

export interface Notice {
  title: string;
  text: string;
  /** `fault`: something does not work. `hint`: everything works, but differently from what one may expect. */
  tone: 'fault' | 'hint';
}

/** About devices: one notice where both fail for the same reason. */
export function deviceNotices(problems: Readonly<Record<DeviceKind, CaptureProblem | null>>): Notice[] {
  const { camera, microphone } = problems;
  if (camera !== null && camera === microphone) return [bothDevices(camera)];
  return [camera && oneDevice('camera', camera), microphone && oneDevice('microphone', microphone)].filter(
    (notice) => notice !== null,
  );
}

function bothDevices(problem: CaptureProblem): Notice {
  const t = messages.value.devices;
  switch (problem) {
    case 'insecure-address':
      return fault(t.insecure, t.insecureWayOn(location.origin));
    case 'unsupported':
      return fault(t.unsupported, t.unsupportedWayOn);
    case 'permission-denied':
      return fault(t.bothBlocked, t.bothBlockedWayOn);
    case 'not-found':
      return fault(t.bothMissing, t.bothMissingWayOn);
    case 'in-use':
      return fault(t.bothBusy, t.bothBusyWayOn);
  }
}

function oneDevice(kind: DeviceKind, problem: CaptureProblem): Notice {
  const t = messages.value.devices[kind];
  switch (problem) {
    case 'insecure-address':
    case 'unsupported':
      return bothDevices(problem);
    case 'permission-denied':
      return fault(t.blocked, t.blockedWayOn);
    case 'not-found':
      return fault(t.missing, t.missingWayOn);
    case 'in-use':
      return fault(t.busy, t.busyWayOn);
  }
}

/** About the encoder: our own face cannot be sent. */
export function encoderNotice(error: CodecError): Notice {
  const t = messages.value.notices;
  const title = error.code === 'no-webcodecs' ? t.noCameraFrames : t.noTracking;
  return fault(title, `${sentence(error.message)} ${t.heardNotSeen}`);
}

/** About the renderer: the faces of others cannot be drawn. */
export function rendererNotice(error: CodecError): Notice {
  const t = messages.value.notices;
  return fault(t.noDrawing, `${sentence(error.message)} ${t.talkWithoutPictures}`);
}

/** What no call can do without and this browser lacks; where the server draws, it needs less. */
export function missingAbilities(decoder: 'browser' | 'server'): string[] {
  const draws = decoder === 'browser';
  return [
    ['RTCPeerConnection' in window, 'WebRTC'],
    ['WebSocket' in window, 'WebSocket'],
    [!draws || 'WebAssembly' in window, 'WebAssembly'],
    [!draws || 'transferControlToOffscreen' in HTMLCanvasElement.prototype, 'OffscreenCanvas'],
  ].flatMap(([present, name]) => (present === true ? [] : [String(name)]));
}

/** A browser without what no call can do without. */
export function unsupportedNotice(missing: readonly string[]): Notice {
  const t = messages.value.notices;
  return fault(t.unsupportedBrowser, t.unsupportedBrowserWayOn(missing.join(', ')));
}

/** About who is here: somebody sees the others through the server, or we do. */
export function serverViewNotice(viewer: 'we' | 'somebody'): Notice {
  const t = messages.value.serverView;
  return hint(viewer === 'we' ? t.weSeeThrough : t.somebodySeesThrough, t.serverSees);
}

/** Said once where pictures are computed without the graphics card. */
export function noWebGpuNotice(): Notice {
  return hint(messages.value.notices.drawingWithWasm, messages.value.notices.drawingWithWasmText);
}

/** This machine draws too few pictures for so many people. */
export function slowDrawingNotice(picturesPerSecond: number): Notice {
  const t = messages.value.notices;
  return hint(t.slowDrawing, t.slowDrawingText(Math.round(picturesPerSecond)));
}

/** Why the call is over, for the page shown after it. */
export function endNotice(error: CallError): Notice {
  const t = messages.value.endings;
  const said = sentence(error.message);
  switch (error.code) {
    case 'room-full':
      return fault(t.roomFull, t.roomFullWayOn);
    case 'room-locked':
      return fault(t.roomLocked, t.roomLockedWayOn);
    case 'room-ended':
      return fault(t.roomEnded, t.roomEndedWayOn);
    case 'not-admitted':
      return fault(t.notAdmitted, t.notAdmittedWayOn);
    case 'removed':
      return fault(t.removed, t.removedWayOn);
    case 'replaced':
      return fault(t.replaced, t.replacedWayOn);
    case 'token-required':
      return fault(t.tokenRequired, t.tokenRequiredWayOn);
    case 'bad-token':
    case 'token-expired':
      return fault(t.badToken, t.badTokenWayOn);
    case 'bad-room':
      return fault(t.badRoom, t.badRoomWayOn);
    case 'protocol-version':
    case 'bad-message':
    case 'bad-server-message':
      return fault(t.misfit, `${said} ${t.misfitWayOn}`);
    case 'too-fast':
      return fault(t.tooFast, t.tooFastWayOn);
    default:
      return fault(t.other, said);
  }
}

/** What the banner says while the connection is down. */
export function connectionLossText(cause: CallError): string {
  const t = messages.value.loss;
  switch (cause.code) {
    case 'going-away':
      return t.restarting;
    case 'room-full':
      return t.roomFull;
    case 'signalling-closed':
      return t.unreachable;
    case 'media-lost':
      return t.mediaLost;
    default:
      return sentence(cause.message);
  }
}

/** Capital at the beginning, full stop at the end. */
function sentence(message: string): string {
  const trimmed = message.trim().replace(/[.\s]+$/, '');
  return `${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}.`;
}

function fault(title: string, text: string): Notice {
  return { tone: 'fault', title, text };
}

function hint(title: string, text: string): Notice {
  return { tone: 'hint', title, text };
}
