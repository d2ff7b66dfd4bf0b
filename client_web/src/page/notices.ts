/** What the page says when something is missing or fails: plainly, and with a way on. */
import type { CallError } from '../call/errors';
import type { CodecError } from '../codec';
import type { CaptureProblem, DeviceKind } from '../media/capture';

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
  switch (problem) {
    case 'insecure-address':
      return fault(
        'This address is not secure',
        `Browsers give camera and microphone only to https pages and to localhost, and this is ${location.origin}. ` +
          'Ask whoever runs the server to start it with “facewire serve --tls self-signed” and open the https link. ' +
          'Until then you can watch and listen.',
      );
    case 'unsupported':
      return fault(
        'This browser cannot use cameras',
        'It has no getUserMedia. A current Chrome, Edge, Firefox or Safari has. Here you can watch and listen.',
      );
    case 'permission-denied':
      return fault(
        'Camera and microphone are blocked',
        'Allow them with the icon beside the address, then try again. Without them you can watch and listen.',
      );
    case 'not-found':
      return fault(
        'No camera and no microphone found',
        'Plug one in and try again. Without them you can watch and listen.',
      );
    case 'in-use':
      return fault(
        'Camera and microphone did not start',
        'Another program may hold them. Close it and try again. Without them you can watch and listen.',
      );
  }
}

function oneDevice(kind: DeviceKind, problem: CaptureProblem): Notice {
  const without =
    kind === 'camera'
      ? 'Without it the others hear you but do not see you.'
      : 'Without it the others see you but do not hear you.';
  switch (problem) {
    case 'insecure-address':
    case 'unsupported':
      return bothDevices(problem);
    case 'permission-denied':
      return fault(`The ${kind} is blocked`, `Allow it with the icon beside the address, then try again. ${without}`);
    case 'not-found':
      return fault(`No ${kind} found`, `Plug one in and try again. ${without}`);
    case 'in-use':
      return fault(
        `The ${kind} did not start`,
        `Another program may hold it. Close it and try again, or choose another. ${without}`,
      );
  }
}

/** About the encoder: our own face cannot be sent. */
export function encoderNotice(error: CodecError): Notice {
  const title =
    error.code === 'no-webcodecs' ? 'This browser cannot read camera frames' : 'Your face cannot be tracked here';
  return fault(title, `${sentence(error.message)} The others hear you but do not see you.`);
}

/** About the renderer: the faces of others cannot be drawn. */
export function rendererNotice(error: CodecError): Notice {
  return fault('Faces cannot be drawn here', `${sentence(error.message)} You can talk without pictures.`);
}

/** A browser without what no call can do without, or `null`. */
export function unsupportedNotice(): Notice | null {
  const missing = [
    ['RTCPeerConnection' in window, 'WebRTC'],
    ['WebSocket' in window, 'WebSocket'],
    ['WebAssembly' in window, 'WebAssembly'],
    ['transferControlToOffscreen' in HTMLCanvasElement.prototype, 'OffscreenCanvas'],
  ].flatMap(([present, name]) => (present === true ? [] : [name]));
  if (missing.length === 0) return null;
  return fault(
    'This browser cannot join calls',
    `It has no ${missing.join(' and no ')}. Open the same link in a current Chrome, Edge, Firefox or Safari.`,
  );
}

/** The camera works, but nobody is in its picture. */
export function noFaceNotice(): Notice {
  return {
    tone: 'hint',
    title: 'No face in the picture',
    text: 'Sit so that your whole face is in view, with light from the front. Until then the others hear you only.',
  };
}

/** Said once where pictures are computed without the graphics card. */
export function noWebGpuNotice(): Notice {
  return {
    tone: 'hint',
    title: 'Drawing with WASM',
    text: 'This browser offers no WebGPU, so the processor draws the faces: somewhat fewer pictures a second.',
  };
}

/** A host must let us in. */
export function waitingNotice(): Notice {
  return {
    tone: 'hint',
    title: 'Waiting to be let in',
    text: 'This room has a lobby. Whoever hosts it sees that you are here; keep this page open.',
  };
}

/** Why the call is over, for the page shown after it. */
export function endNotice(error: CallError): Notice {
  switch (error.code) {
    case 'room-full':
      return fault('This room is full', 'Every place is taken. Try again when somebody has left, or meet in another room.');
    case 'room-locked':
      return fault('This room is locked', 'Nobody new can come in. Ask somebody inside to unlock it, then try again.');
    case 'room-ended':
      return fault('The call has ended', sentence(error.message));
    case 'not-admitted':
      return fault('You were not let in', sentence(error.message));
    case 'removed':
      return fault('You were removed from the room', 'A host has sent you away.');
    case 'replaced':
      return fault('You are in this room elsewhere', 'You joined again from another window or device.');
    case 'token-required':
      return fault('This server needs an invitation', sentence(error.message));
    case 'bad-token':
    case 'token-expired':
      return fault('This invitation is not valid', sentence(error.message));
    case 'bad-room':
      return fault('There is no such room', `${sentence(error.message)} Check the link, or create a room.`);
    case 'protocol-version':
    case 'bad-message':
    case 'bad-server-message':
      return fault('This page does not fit its server', `${sentence(error.message)} Reloading fetches the page that does.`);
    case 'too-fast':
      return fault('The server is holding off', `${sentence(error.message)} Wait a minute, then try again.`);
    default:
      return fault('The call ended', sentence(error.message));
  }
}

/** What the banner says while the connection is down. */
export function connectionLossText(cause: CallError): string {
  switch (cause.code) {
    case 'going-away':
      return 'The server is restarting.';
    case 'room-full':
      return 'The room is full at the moment.';
    case 'signalling-closed':
      return 'The server cannot be reached.';
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
