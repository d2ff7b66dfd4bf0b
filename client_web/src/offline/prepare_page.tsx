import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { messages } from '../page/i18n/language';
import { PageFoot } from '../page/parts/page_foot';
import { prepareDevice, STEPS } from './prepare';

/** Downloads what calls need, before the first one. */
export function PreparePage() {
  const t = messages.value.prepare;
  const done = useSignal(0);
  const failure = useSignal<string | null>(null);
  const begin = (): void => {
    failure.value = null;
    prepareDevice((steps) => (done.value = steps)).catch((error: unknown) => {
      failure.value = error instanceof Error ? error.message : String(error);
    });
  };
  useEffect(() => {
    document.title = `${t.title} · facewire`;
    begin();
  }, []);
  return (
    <main class="home">
      <h1>{t.title}</h1>
      <p class="lead">{t.lead}</p>
      <progress max={STEPS} value={done.value} aria-label={t.title} />
      <p role="status">
        {failure.value !== null ? t.failed(failure.value) : done.value === STEPS ? t.ready : t.working(done.value, STEPS)}
      </p>
      {failure.value !== null && (
        <button type="button" class="primary" onClick={begin}>
          {messages.value.common.tryAgain}
        </button>
      )}
      <p class="aside">
        <a href="/">{t.back}</a>
      </p>
      <PageFoot />
    </main>
  );
}
