import { messages } from '../page/i18n/language';

const WIDTH = 300;
const HEIGHT = 110;
const SECONDS = 60;
const LOWEST_SCALE_KBPS = 10;

/** The rates of all panes in the last minute; `values` in kbit/s, one a second, oldest first. */
export function RateChart({ lines }: { lines: readonly { name: string; values: readonly number[] }[] }) {
  const t = messages.value.demo;
  const top = Math.max(LOWEST_SCALE_KBPS, ...lines.flatMap(({ values }) => values));
  const points = (values: readonly number[]): string =>
    values
      .map((value, index) => {
        const x = ((SECONDS - values.length + index) / (SECONDS - 1)) * WIDTH;
        return `${x.toFixed(1)},${(HEIGHT - 1 - (value / top) * (HEIGHT - 2)).toFixed(1)}`;
      })
      .join(' ');
  return (
    <figure class="rate-chart">
      <figcaption>
        {t.rates} <span class="scale">≤ {t.kbps(top.toFixed(0))}</span>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        {lines.map(({ name, values }) => (
          <polyline key={name} data-name={name} points={points(values)} />
        ))}
      </svg>
      <ul>
        {lines.map(({ name }) => (
          <li key={name} data-name={name}>
            {name}
          </li>
        ))}
      </ul>
    </figure>
  );
}
