import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { messages } from '../i18n/language';
import { connectionLossText } from '../parts/notices';
import type { CallModel } from './call_model';

const COUNT_INTERVAL_MS = 250;

/** Says that the connection is down, counts down to the next attempt, and offers to try now. */
export function LossBanner({ model }: { model: CallModel }) {
  const now = useSignal(performance.now());
  useEffect(() => {
    const timer = setInterval(() => (now.value = performance.now()), COUNT_INTERVAL_MS);
    return () => clearInterval(timer);
  }, []);
  const loss = model.loss.value;
  if (loss === null) return null;
  const t = messages.value.loss;
  const seconds = Math.max(0, Math.ceil((loss.retryAtMs - now.value) / 1_000));
  return (
    <div class="loss-banner" role="alert">
      <strong>{t.title}</strong>
      <p>{connectionLossText(loss.cause)}</p>
      <p class="countdown" aria-live="off">
        {t.attempt(loss.attempt, seconds)}
      </p>
      <button type="button" onClick={() => model.call.retryNow()}>
        {t.tryNow}
      </button>
    </div>
  );
}
