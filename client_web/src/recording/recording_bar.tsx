import { messages } from '../page/i18n/language';
import { Icon } from '../page/parts/icon';
import type { CallRecorder } from './call_recorder';
import { FinishedRecording } from './finished_recording';
import { clockText, sizeText } from './quantities';
import './recording.css';

/** Who records the call, for as long as they do; with our own recording's length and size, and what became of it. */
export function RecordingBar({ recorder, recordedBy }: { recorder: CallRecorder; recordedBy: readonly string[] }) {
  const t = messages.value.recordings;
  return (
    <>
      {recorder.isRecording.value && <OwnRecording recorder={recorder} />}
      {recordedBy.length > 0 && (
        <p class="recording-bar" title={t.othersRecordTitle}>
          <RecordingDot />
          <span dir="auto">{t.othersRecord(recordedBy.join(', '))}</span>
        </p>
      )}
      <FinishedRecording recorder={recorder} />
    </>
  );
}

function OwnRecording({ recorder }: { recorder: CallRecorder }) {
  const t = messages.value.recordings;
  const { lengthMs, bytes } = recorder.progress.value ?? { lengthMs: 0, bytes: 0 };
  return (
    <div class="recording-bar" data-own>
      <RecordingDot />
      <span class="recording-figures">
        <time>{clockText(lengthMs)}</time> · {sizeText(bytes)}
      </span>
      <span class="recording-told">{t.youRecord}</span>
      <button type="button" onClick={() => void recorder.stop()}>
        <Icon name="stop" />
        {t.stopRecording}
      </button>
    </div>
  );
}

function RecordingDot() {
  return <span class="recording-dot" aria-hidden="true" />;
}
