/** The language of the page: the person's choice, or the first of the browser's that there is. */
import { computed, signal } from '@preact/signals';
import { read, write } from '../preferences';
import { english, type Messages } from './english';

/** Every language by its tag (BCP 47), with its own name; all but English are loaded when wanted. */
export const LANGUAGES = {
  en: { name: 'English', load: () => Promise.resolve(english) },
  de: { name: 'Deutsch', load: () => import('./german').then(({ german }) => german) },
  es: { name: 'Español', load: () => import('./spanish').then(({ spanish }) => spanish) },
  fr: { name: 'Français', load: () => import('./french').then(({ french }) => french) },
  ja: { name: '日本語', load: () => import('./japanese').then(({ japanese }) => japanese) },
} as const satisfies Record<string, { name: string; load: () => Promise<Messages> }>;

export type Language = keyof typeof LANGUAGES;

const current = signal<{ language: Language; messages: Messages }>({ language: 'en', messages: english });

export const language = computed(() => current.value.language);

/** Everything that the page says, in its language. */
export const messages = computed(() => current.value.messages);

/** Loads the language to begin with. */
export async function beginLanguage(): Promise<void> {
  await useLanguage(pickLanguage([read('language'), ...navigator.languages]));
}

/** Changes the language, and remembers it. */
export async function chooseLanguage(chosen: Language): Promise<void> {
  write('language', chosen);
  await useLanguage(chosen);
}

/** The first of the wanted tags that there is, whatever its region; else English. */
export function pickLanguage(wanted: readonly (string | null)[]): Language {
  const available = Object.keys(LANGUAGES) as Language[];
  for (const tag of wanted) {
    const found = available.find((candidate) => candidate === tag?.toLowerCase().split('-')[0]);
    if (found !== undefined) return found;
  }
  return 'en';
}

async function useLanguage(chosen: Language): Promise<void> {
  current.value = { language: chosen, messages: await LANGUAGES[chosen].load() };
  document.documentElement.lang = chosen;
}
