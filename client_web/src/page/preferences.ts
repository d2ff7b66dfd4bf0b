/** What this browser remembers of a person, and nobody else learns. */
import { effect, signal, type Signal } from '@preact/signals';
import { cleanName } from './options';

export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** The colours that the person wants; `auto` follows the system. */
export const theme: Signal<Theme> = signal(oneOf(THEMES, read('theme'), 'auto'));

/** Gives the page those colours, now and whenever they change. */
export function followTheme(): void {
  effect(() => {
    if (theme.value === 'auto') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme.value;
    write('theme', theme.value);
  });
}

/** Whether our voice may move our face at the others' while our motion does not reach them (docs/speech.md). */
export const voiceMovesFace: Signal<boolean> = signal(read('voice-moves-face') !== 'never');

/** Says so, now and next time, where storage is allowed. */
export function setVoiceMovesFace(allowed: boolean): void {
  voiceMovesFace.value = allowed;
  write('voice-moves-face', allowed ? 'with-camera' : 'never');
}

/** The name used last in this browser; `null` if there is none or storage is forbidden. */
export function rememberedName(): string | null {
  return cleanName(read('name') ?? '');
}

/** Keeps the name for next time, where storage is allowed. */
export function rememberName(name: string): void {
  write('name', name);
}

/** Reads a preference; `null` where there is none or storage is forbidden. */
export function read(name: string): string | null {
  try {
    return localStorage.getItem(`facewire.${name}`);
  } catch {
    return null;
  }
}

/** Keeps a preference, where storage is allowed: nothing else depends on it. */
export function write(name: string, value: string): void {
  try {
    localStorage.setItem(`facewire.${name}`, value);
  } catch {
    // A browser that forbids storage asks again next time.
  }
}

function oneOf<Choice extends string>(choices: readonly Choice[], value: string | null, usual: Choice): Choice {
  return choices.find((choice) => choice === value) ?? usual;
}
