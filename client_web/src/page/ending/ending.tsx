import { useEffect, useRef } from 'preact/hooks';
import type { CallError } from '../../call/errors';
import { messages } from '../i18n/language';
import type { CallRecorder } from '../../recording/call_recorder';
import { FinishedRecording } from '../../recording/finished_recording';
import { NoticeCard } from '../parts/notice_list';
import { endNotice } from '../parts/notices';

interface EndingProps {
  room: string;
  /** `null` if we left ourselves. */
  error: CallError | null;
  /** What recorded the call; `null` if there was none. */
  recorder: CallRecorder | null;
}

/** The page after the call: why it ended, what was recorded of it, and the ways on. */
export function Ending({ room, error, recorder }: EndingProps) {
  const t = messages.value.endings;
  const again = useRef<HTMLButtonElement>(null);
  useEffect(() => again.current?.focus(), []);
  return (
    <main class="ending">
      {error === null ? <h1>{t.youLeft(room)}</h1> : <NoticeCard notice={endNotice(error)} />}
      {recorder !== null && <FinishedRecording recorder={recorder} />}
      <div class="field-row">
        <button type="button" class="primary" ref={again} onClick={() => location.reload()}>
          {error === null ? t.joinAgain : messages.value.common.tryAgain}
        </button>
        <a href="/" class="button">
          {t.anotherRoom}
        </a>
      </div>
    </main>
  );
}
