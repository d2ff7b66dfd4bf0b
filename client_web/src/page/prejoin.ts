import type { CodecError } from '../codec';
import type { LocalMedia } from '../media/local_media';
import { CropFrame } from './crop_frame';
import { DeviceSelect } from './device_select';
import { element, icon } from './dom';
import { NoticeList } from './notice_list';
import { deviceNotices, encoderNotice, noFaceNotice, noWebGpuNotice, rendererNotice, type Notice } from './notices';
import { cleanName, rememberedName, rememberName } from './options';
import { trackingText } from './tracking_text';

export interface PrejoinSettings {
  room: string;
  /** The name to begin with; `null` takes the one used last. */
  name: string | null;
  media: LocalMedia;
  /** Resolves when the renderer is ready: with `null`, or with why it is not. */
  renderer: Promise<CodecError | null>;
  /** The person wants in, under that name. */
  onJoin: (name: string) => void;
}

/** The page before the call: see yourself, choose devices, say who you are, join. */
export class Prejoin {
  /** Resolves when devices were tried and the tracker is loaded, whatever came of it. */
  readonly ready: Promise<void>;
  private readonly chip = element('p', { className: 'chip', role: 'status' });
  private readonly faults = new NoticeList();
  /** Below the form, so that what comes late does not move it. */
  private readonly hints = new NoticeList();
  private readonly cropFrame: CropFrame;
  private readonly cameras: DeviceSelect;
  private readonly microphones: DeviceSelect;
  private readonly name: HTMLInputElement;
  private readonly again = element('button', { type: 'button', hidden: true }, 'Try again');
  private readonly level = element('span', { className: 'voice-dot', title: 'Lights up while you speak' }, icon('microphone'));
  private readonly stopListening: (() => void)[];
  private rendererError: CodecError | null = null;
  private opened = false;
  private hasWebGpu = true;

  constructor(
    root: HTMLElement,
    private readonly settings: PrejoinSettings,
  ) {
    const { media, room } = settings;
    document.title = `${room} · facewire`;
    this.cropFrame = new CropFrame(media.video);
    this.cameras = new DeviceSelect('camera', media);
    this.microphones = new DeviceSelect('microphone', media);
    this.name = element('input', {
      id: 'own-name',
      autocomplete: 'name',
      maxLength: 64,
      required: true,
      value: settings.name ?? rememberedName() ?? '',
    });
    root.replaceChildren(this.build(room));
    this.again.addEventListener('click', () => void this.open());
    this.stopListening = [
      media.on('changed', () => this.show()),
      media.on('tracking', () => this.show()),
      media.on('voice', (speaking) => this.level.toggleAttribute('data-on', speaking)),
      listen(navigator.mediaDevices, 'devicechange', () => void this.refreshDevices()),
    ];
    void settings.renderer.then((error) => {
      this.rendererError = error;
      this.show();
    });
    void detectWebGpu().then((found) => {
      this.hasWebGpu = found;
      this.show();
    });
    this.show();
    if (this.name.value === '') this.name.focus();
    this.ready = this.open();
  }

  /** Stops updating; the call's page takes over the root. */
  close(): void {
    for (const stop of this.stopListening) stop();
  }

  private build(room: string): HTMLElement {
    const { media } = this.settings;
    const join = element(
      'form',
      { className: 'join', noValidate: true },
      element('label', { htmlFor: 'own-name' }, 'Your name'),
      this.name,
      element('div', { className: 'devices' }, this.cameras.node, this.microphones.node),
      element('button', { className: 'primary', type: 'submit' }, 'Join'),
      this.again,
    );
    join.addEventListener('submit', (event) => {
      event.preventDefault();
      this.join();
    });
    return element(
      'main',
      { className: 'prejoin' },
      element(
        'section',
        { className: 'preview', 'aria-label': 'Your camera' },
        media.video,
        element('p', { className: 'no-video' }, 'No camera picture'),
        this.cropFrame.node,
        this.chip,
        this.level,
      ),
      element(
        'section',
        { className: 'entrance' },
        element('h1', {}, element('span', { className: 'eyebrow' }, 'Room'), room),
        this.faults.node,
        join,
        this.hints.node,
      ),
    );
  }

  private join(): void {
    const name = cleanName(this.name.value);
    if (name === null) {
      this.name.setAttribute('aria-invalid', 'true');
      this.name.placeholder = 'The others need something to call you';
      this.name.focus();
      return;
    }
    rememberName(name);
    this.settings.onJoin(name);
  }

  private async open(): Promise<void> {
    this.again.hidden = true;
    await this.settings.media.open();
    this.opened = true;
    this.show();
    await this.refreshDevices();
  }

  private async refreshDevices(): Promise<void> {
    await this.cameras.refresh();
    await this.microphones.refresh();
  }

  private show(): void {
    const { media } = this.settings;
    const { camera, microphone } = media.problems;
    const notices = this.collectNotices();
    this.faults.show(notices.filter((notice) => notice.tone === 'fault'));
    this.hints.show(notices.filter((notice) => notice.tone === 'hint'));
    this.again.hidden = !this.opened || (camera === null && microphone === null) || camera === 'insecure-address';
    const { text, tone } = trackingText(media);
    this.chip.textContent = text;
    this.chip.dataset['tone'] = tone;
    this.cropFrame.show(media.tracking?.state === 'face' ? media.tracking.crop : null);
    void this.refreshDevices();
  }

  private collectNotices(): Notice[] {
    const { media } = this.settings;
    const notices = deviceNotices(media.problems);
    if (media.codecProblem !== null) notices.push(encoderNotice(media.codecProblem));
    else if (media.tracking?.state === 'no-face') notices.push(noFaceNotice());
    if (this.rendererError !== null) notices.push(rendererNotice(this.rendererError));
    else if (!this.hasWebGpu) notices.push(noWebGpuNotice());
    return notices;
  }
}

/** Whether the browser offers a graphics card to WebGPU (W3C WebGPU, `GPU.requestAdapter`). */
async function detectWebGpu(): Promise<boolean> {
  if (!('gpu' in navigator)) return false;
  return (await (navigator.gpu as { requestAdapter(): Promise<unknown> }).requestAdapter()) !== null;
}

function listen(target: EventTarget | undefined, name: string, listener: () => void): () => void {
  target?.addEventListener(name, listener);
  return () => target?.removeEventListener(name, listener);
}
