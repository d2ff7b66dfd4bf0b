import { messages } from '../page/i18n/language';
import type { CallRecorder } from './call_recorder';
import { clockText, sizeText } from './quantities';
import { SaveLink } from './save_link';
import './recording.css';

/** The recording that was made last, if any: save it, play it, put it away. */
export function FinishedRecording({ recorder }: { recorder: CallRecorder }) {
  const t = messages.value.recordings;
  const finished = recorder.finished.value;
  const problem = recorder.problem.value;
  return (
    <div role="status" class="recording-status">
      {problem !== null && <p class="recording-problem">{t.problem(problem)}</p>}
      {finished !== null && (
        <div class="recording-bar" data-finished>
          <span class="recording-figures">{t.recorded(clockText(finished.lengthMs), sizeText(finished.file.size))}</span>
          <span class="recording-told">{!finished.isKept && t.withoutKeeping}</span>
          <span class="recording-ways-on">
            <SaveLink name={finished.name} file={finished.file}>
              {t.save}
            </SaveLink>
            {finished.isKept && (
              <a class="button" href={`/play?kept=${encodeURIComponent(finished.name)}`} target="_blank">
                {t.play}
              </a>
            )}
            <button type="button" onClick={() => (recorder.finished.value = null)}>
              {t.putAway}
            </button>
          </span>
        </div>
      )}
    </div>
  );
}
