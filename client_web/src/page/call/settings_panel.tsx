import { LevelMeter } from '../prejoin/level_meter';
import { DeviceSelect } from '../parts/device_select';
import { LanguageChoice, ThemeChoice } from '../parts/page_foot';
import type { CallModel } from './call_model';

/** Devices, language and colours, during the call. */
export function SettingsPanel({ model }: { model: CallModel }) {
  return (
    <div class="settings">
      <DeviceSelect kind="camera" media={model.media} />
      <DeviceSelect kind="microphone" media={model.media} />
      <LevelMeter media={model.media} />
      <LanguageChoice />
      <ThemeChoice />
    </div>
  );
}
