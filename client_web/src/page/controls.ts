import { element, icon, type IconName } from './dom';

/** One control: a button with an icon, a text and a key. */
interface Control {
  key: string;
  run: () => void;
}

export interface ControlActions {
  toggleMute: () => void;
  toggleCamera: () => void;
  copyLink: () => void;
  leave: () => void;
}

/** The bar of call controls, with a key each: M, V, C, L. */
export class Controls {
  readonly node: HTMLElement;
  private readonly mute: HTMLButtonElement;
  private readonly camera: HTMLButtonElement;
  private readonly controls: Control[];
  private readonly onKey = (event: KeyboardEvent): void => this.press(event);

  constructor(actions: ControlActions) {
    this.mute = button('m', actions.toggleMute);
    this.camera = button('v', actions.toggleCamera);
    const copy = button('c', actions.copyLink);
    const leave = button('l', actions.leave);
    leave.classList.add('danger');
    face(copy, 'link', 'Copy link');
    face(leave, 'leave', 'Leave');
    this.node = element(
      'div',
      { className: 'controls', role: 'toolbar', 'aria-label': 'Call controls' },
      this.mute,
      this.camera,
      copy,
      leave,
    );
    this.controls = [
      { key: 'm', run: actions.toggleMute },
      { key: 'v', run: actions.toggleCamera },
      { key: 'c', run: actions.copyLink },
      { key: 'l', run: actions.leave },
    ];
    document.addEventListener('keydown', this.onKey);
  }

  /** Shows what is on; `available` is `false` where there is no microphone to mute. */
  show(state: { muted: boolean; microphoneAvailable: boolean; cameraOn: boolean }): void {
    const muteText = state.microphoneAvailable ? (state.muted ? 'Unmute' : 'Mute') : 'No microphone';
    face(this.mute, state.muted ? 'microphone-off' : 'microphone', muteText);
    face(this.camera, state.cameraOn ? 'camera' : 'camera-off', state.cameraOn ? 'Camera off' : 'Camera on');
    this.mute.disabled = !state.microphoneAvailable;
    this.mute.classList.toggle('off', state.muted);
    this.camera.classList.toggle('off', !state.cameraOn);
  }

  close(): void {
    document.removeEventListener('keydown', this.onKey);
  }

  private press(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement) return;
    const control = this.controls.find(({ key }) => key === event.key.toLowerCase());
    if (control === undefined) return;
    event.preventDefault();
    control.run();
  }
}

function button(key: string, run: () => void): HTMLButtonElement {
  const node = element('button', { type: 'button', 'aria-keyshortcuts': key.toUpperCase() });
  node.addEventListener('click', run);
  return node;
}

function face(node: HTMLButtonElement, name: IconName, text: string): void {
  const key = node.getAttribute('aria-keyshortcuts') ?? '';
  node.replaceChildren(
    icon(name),
    element('span', { className: 'control-text' }, text),
    element('kbd', { 'aria-hidden': 'true' }, key),
  );
}
