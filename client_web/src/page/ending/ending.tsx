import { useEffect, useRef } from 'preact/hooks';
import type { CallError } from '../../call/errors';
import { messages } from '../i18n/language';
import { NoticeCard } from '../parts/notice_list';
import { endNotice } from '../parts/notices';

/** The page after the call: why it ended, and the ways on. `error` is `null` if we left ourselves. */
export function Ending({ room, error }: { room: string; error: CallError | null }) {
  const t = messages.value.endings;
  const again = useRef<HTMLButtonElement>(null);
  useEffect(() => again.current?.focus(), []);
  return (
    <main class="ending">
      {error === null ? <h1>{t.youLeft(room)}</h1> : <NoticeCard notice={endNotice(error)} />}
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
