import { listDevices, type DeviceKind } from '../media/capture';
import type { LocalMedia } from '../media/local_media';
import { element } from './dom';

const LABELS: Record<DeviceKind, string> = { camera: 'Camera', microphone: 'Microphone' };

/** A list of cameras or microphones that opens the one chosen. */
export class DeviceSelect {
  readonly node: HTMLElement;
  private readonly select = element('select');
  private shown = '';

  constructor(
    private readonly kind: DeviceKind,
    private readonly media: LocalMedia,
  ) {
    this.select.addEventListener('change', () => void this.media.choose(kind, this.select.value));
    this.node = element('label', { className: 'device' }, element('span', {}, LABELS[kind]), this.select);
  }

  /** Reads the list again: after permission was given, or a device was plugged in. */
  async refresh(): Promise<void> {
    const devices = await listDevices(this.kind);
    const open = this.media.deviceId(this.kind);
    const key = JSON.stringify([open, devices.map((device) => [device.deviceId, device.label])]);
    if (key === this.shown) return;
    this.shown = key;
    this.select.replaceChildren(
      ...devices.map((device, index) =>
        element('option', {
          value: device.deviceId,
          textContent: device.label === '' ? `${LABELS[this.kind]} ${index + 1}` : device.label,
          selected: device.deviceId === open,
        }),
      ),
    );
    if (devices.length === 0) {
      this.select.append(element('option', { textContent: `No ${this.kind}` }));
    }
    this.select.disabled = devices.length === 0;
  }
}
