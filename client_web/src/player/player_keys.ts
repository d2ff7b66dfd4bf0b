import type { Playback } from './playback';

const STEP_MS = 5_000;

/** Listens to the keys of the player: Space, ← and →, Home and End. Returns what stops that. */
export function listenToPlayerKeys(playback: Playback): () => void {
  const down = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLSelectElement) return;
    const isButton = event.target instanceof HTMLButtonElement || event.target instanceof HTMLAnchorElement;
    if (event.key === ' ' && isButton) return;
    const act = actions(playback)[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  document.addEventListener('keydown', down);
  return () => document.removeEventListener('keydown', down);
}

function actions(playback: Playback): Partial<Record<string, () => void>> {
  const { positionMs, film } = playback;
  return {
    ' ': () => playback.toggle(),
    ArrowLeft: () => playback.seek(positionMs.value - STEP_MS),
    ArrowRight: () => playback.seek(positionMs.value + STEP_MS),
    Home: () => playback.seek(0),
    End: () => playback.seek(film.lengthMs),
  };
}
