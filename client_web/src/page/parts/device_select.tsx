import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { listDevices, type DeviceKind } from '../../media/capture';
import type { LocalMedia } from '../../media/local_media';
import { messages } from '../i18n/language';

const devices: Readonly<Record<DeviceKind, ReturnType<typeof signal<readonly MediaDeviceInfo[]>>>> = {
  camera: signal([]),
  microphone: signal([]),
};

async function refresh(): Promise<void> {
  devices.camera.value = await listDevices('camera');
  devices.microphone.value = await listDevices('microphone');
}

/** A list of cameras or microphones that opens the one chosen; follows what is plugged in and out. */
export function DeviceSelect({ kind, media }: { kind: DeviceKind; media: LocalMedia }) {
  const t = messages.value.devices[kind];
  const track = media[kind].value;
  useEffect(() => {
    // Labels are told only once permission was given: with each opened device the list is read again.
    void refresh();
    navigator.mediaDevices?.addEventListener('devicechange', refresh);
    return () => navigator.mediaDevices?.removeEventListener('devicechange', refresh);
  }, [track]);
  const found = devices[kind].value ?? [];
  const open = media.deviceId(kind) ?? '';
  return (
    <label class="device">
      <span>{t.name}</span>
      <select
        disabled={found.length === 0}
        value={open}
        onChange={(event) => void media.choose(kind, event.currentTarget.value)}
      >
        {found.map(({ deviceId, label }, index) => (
          <option key={deviceId} value={deviceId}>
            {label === '' ? `${t.name} ${index + 1}` : label}
          </option>
        ))}
        {found.length === 0 && <option>{t.none}</option>}
      </select>
    </label>
  );
}
