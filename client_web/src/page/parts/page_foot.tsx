import { chooseLanguage, language, LANGUAGES, messages, type Language } from '../i18n/language';
import { theme, THEMES, type Theme } from '../preferences';

/** The choice of language and colours, at the foot of pages outside a call. */
export function PageFoot() {
  return (
    <footer class="page-foot">
      <LanguageChoice />
      <ThemeChoice />
    </footer>
  );
}

export function LanguageChoice() {
  return (
    <label class="choice">
      <span>{messages.value.settings.language}</span>
      <select
        value={language.value}
        onChange={(event) => void chooseLanguage(event.currentTarget.value as Language)}
      >
        {Object.entries(LANGUAGES).map(([tag, { name }]) => (
          <option key={tag} value={tag} lang={tag}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

export function ThemeChoice() {
  const t = messages.value.settings;
  return (
    <label class="choice">
      <span>{t.theme}</span>
      <select value={theme.value} onChange={(event) => (theme.value = event.currentTarget.value as Theme)}>
        {THEMES.map((name) => (
          <option key={name} value={name}>
            {t.themes[name]}
          </option>
        ))}
      </select>
    </label>
  );
}
