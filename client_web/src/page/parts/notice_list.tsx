import { useSignal } from '@preact/signals';
import { messages } from '../i18n/language';
import type { Notice } from './notices';

/** Notices below each other; screen readers hear each once. `dismissible` gives each a button that puts it away. */
export function NoticeList({ notices, dismissible = false }: { notices: readonly Notice[]; dismissible?: boolean }) {
  const dismissed = useSignal<readonly string[]>([]);
  const shown = notices.filter(({ title }) => !dismissed.value.includes(title));
  return (
    <div class="notices" aria-live="polite">
      {shown.map((notice) => (
        <NoticeCard key={notice.title} notice={notice}>
          {dismissible && (
            <button type="button" onClick={() => (dismissed.value = [...dismissed.value, notice.title])}>
              {messages.value.common.dismiss}
              <span class="visually-hidden">: {notice.title}</span>
            </button>
          )}
        </NoticeCard>
      ))}
    </div>
  );
}

/** One notice; children are its ways on. */
export function NoticeCard({ notice, children }: { notice: Notice; children?: preact.ComponentChildren }) {
  return (
    <div class="notice" data-tone={notice.tone}>
      <div>
        <strong>{notice.title}</strong>
        <p>{notice.text}</p>
      </div>
      {children}
    </div>
  );
}
