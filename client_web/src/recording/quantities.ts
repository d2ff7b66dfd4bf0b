/** Lengths and sizes as people read them. */
import { language, messages } from '../page/i18n/language';

/** As in 4:07 or 1:04:07. */
export function clockText(timeMs: number): string {
  const seconds = Math.floor(timeMs / 1_000);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const rest = String(seconds % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}

/** In the language of the page, as in 412 kB or 4.1 MB. */
export function sizeText(bytes: number): string {
  const t = messages.value.recordings;
  const number = (value: number, maximumFractionDigits: number): string =>
    new Intl.NumberFormat(language.value, { maximumFractionDigits }).format(value);
  return bytes < 1_000_000 ? t.kilobytes(number(bytes / 1_000, 0)) : t.megabytes(number(bytes / 1_000_000, 1));
}
