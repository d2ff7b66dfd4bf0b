import { REACTIONS } from '../../call/control';
import { messages } from '../i18n/language';
import { callActions } from './actions';
import type { CallModel } from './call_model';

/** Listens to the keys of a call: its actions, 1–6 for reactions, Escape, and Space held down to talk while muted. */
export function listenToKeys(model: CallModel): () => void {
  let talking = false;
  const stopTalking = (): void => {
    if (talking) model.media.setMuted(true);
    talking = false;
  };
  const down = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target) && event.key !== 'Escape') return;
    if (event.key === ' ' && !(event.target instanceof HTMLButtonElement)) {
      event.preventDefault();
      if (event.repeat || !model.media.muted.value || model.media.microphone.value === null) return;
      talking = true;
      model.media.setMuted(false);
    } else if (!event.repeat && press(model, event.key)) {
      event.preventDefault();
    }
  };
  const up = (event: KeyboardEvent): void => {
    if (event.key === ' ') stopTalking();
  };
  document.addEventListener('keydown', down);
  document.addEventListener('keyup', up);
  window.addEventListener('blur', stopTalking);
  return () => {
    document.removeEventListener('keydown', down);
    document.removeEventListener('keyup', up);
    window.removeEventListener('blur', stopTalking);
  };
}

/** Does what that key stands for; returns whether it stands for anything. */
function press(model: CallModel, key: string): boolean {
  if (key === 'Escape' && model.panel.value !== null) {
    model.toggle(model.panel.value);
    return true;
  }
  const reaction = REACTIONS[Number(key) - 1];
  if (reaction !== undefined) {
    model.react(reaction);
    return true;
  }
  const action = callActions(model, messages.value.actions).find((candidate) => candidate.key === key.toUpperCase());
  if (action === undefined || action.isDisabled === true) return false;
  action.run();
  return true;
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLInputElement || target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement
  );
}
