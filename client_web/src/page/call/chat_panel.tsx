import { useEffect, useRef } from 'preact/hooks';
import { MAX_CHAT_LENGTH } from '../../call/control';
import { language, messages } from '../i18n/language';
import type { CallModel } from './call_model';

/** What was written, and a line to write. */
export function ChatPanel({ model }: { model: CallModel }) {
  const t = messages.value.chat;
  const lines = model.chat.lines.value;
  const list = useRef<HTMLOListElement>(null);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => list.current?.lastElementChild?.scrollIntoView({ block: 'end' }), [lines.length]);
  useEffect(() => input.current?.focus(), []);
  const send = (event: Event): void => {
    event.preventDefault();
    const field = input.current;
    const text = field?.value.trim() ?? '';
    if (field !== null && text !== '' && model.say(text)) field.value = '';
  };
  const time = new Intl.DateTimeFormat(language.value, { timeStyle: 'short' });
  return (
    <>
      {lines.length === 0 && <p class="empty">{t.empty}</p>}
      <ol class="lines" ref={list} aria-live="polite" aria-label={t.lines}>
        {lines.map(({ id, from, text, at }) => (
          <li key={id} data-own={from === null || undefined}>
            <span class="line-head">
              <strong dir="auto">{from ?? t.you}</strong> <time>{time.format(at)}</time>
            </span>
            <span class="line-text" dir="auto">
              {text}
            </span>
          </li>
        ))}
      </ol>
      <form class="chat-form" onSubmit={send}>
        <input
          ref={input}
          dir="auto"
          autocomplete="off"
          maxLength={MAX_CHAT_LENGTH}
          aria-label={t.write}
          placeholder={t.write}
        />
        <button type="submit" class="primary">
          {t.send}
        </button>
      </form>
    </>
  );
}
