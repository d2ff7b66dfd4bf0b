import { LevelMeter } from '../prejoin/level_meter';
import { DeviceSelect } from '../parts/device_select';
import { LanguageChoice, ThemeChoice } from '../parts/page_foot';
import { setVoiceMovesFace, voiceMovesFace } from '../preferences';
import { messages } from '../i18n/language';
import type { CallModel } from './call_model';

/** Devices, what the voice may do, language and colours, during the call. */
export function SettingsPanel({ model }: { model: CallModel }) {
  return (
    <div class="settings">
      <DeviceSelect kind="camera" media={model.media} />
      <DeviceSelect kind="microphone" media={model.media} />
      <LevelMeter media={model.media} />
      <label>
        <input
          type="checkbox"
          role="switch"
          checked={voiceMovesFace.value}
          onChange={({ currentTarget }) => setVoiceMovesFace(currentTarget.checked)}
        />
        <span>{messages.value.settings.voiceMovesFace}</span>
      </label>
      <LanguageChoice />
      <ThemeChoice />
    </div>
  );
}
