import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { messages } from '../i18n/language';
import { Mounted } from '../parts/mounted';
import type { CallModel } from './call_model';
import type { SharedScreen } from './shared_screens';

const AGE_INTERVAL_MS = 1_000;

/** Somebody's screen, as large as it fits, with how old it is and how much of it is still to get better. */
export function ScreenTile({ screen, model }: { screen: SharedScreen; model: CallModel }) {
  const t = messages.value.screen;
  const name = model.person(screen.participant)?.participant.name ?? '';
  const { canvas, settled } = screen.view;
  const age = useAge(screen.view.updatedMs.value);
  const share = settled.value;
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', t.of(name));
  return (
    <figure class="screen" data-participant={screen.participant} data-waiting={share === null || undefined}>
      <div class="screen-picture">
        <Mounted node={canvas} />
      </div>
      <figcaption>
        <strong dir="auto">{t.of(name)}</strong>
        {share === null ? <span role="status">{t.waiting}</span> : <span>{t.changed(age)}</span>}
        {share !== null && share < 1 && (
          <>
            <progress max={1} value={share} aria-label={t.refining} />
            <span>{t.refining}</span>
          </>
        )}
      </figcaption>
    </figure>
  );
}

/** Says that we share, and lets us end it. */
export function SharingBar({ model }: { model: CallModel }) {
  const t = messages.value.screen;
  return (
    <div class="sharing-bar" role="status">
      <p>{t.sharing}</p>
      <button type="button" onClick={() => void model.screens.toggle()}>
        {messages.value.actions.stopSharing}
      </button>
    </div>
  );
}

/** Seconds since then, by the clock of the page. */
function useAge(sinceMs: number): number {
  const now = useSignal(performance.now());
  useEffect(() => {
    const timer = setInterval(() => (now.value = performance.now()), AGE_INTERVAL_MS);
    return () => clearInterval(timer);
  }, []);
  return Math.max(0, Math.round((now.value - sinceMs) / 1_000));
}
