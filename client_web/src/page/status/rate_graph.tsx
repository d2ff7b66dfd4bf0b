import type { WireRate } from '../../call/wire_rate';
import { messages } from '../i18n/language';
import { HISTORY_SECONDS } from './figure_history';

const LOWEST_SCALE_KBPS = 30;

/** The last minute's rates up and down, oldest first, as lines. */
export function RateGraph({ rates, width, height }: { rates: readonly WireRate[]; width: number; height: number }) {
  const top = Math.max(LOWEST_SCALE_KBPS, ...rates.flatMap(({ upKbps, downKbps }) => [upKbps, downKbps]));
  const points = (value: (rate: WireRate) => number): string =>
    rates
      .map((each, index) => {
        const x = ((HISTORY_SECONDS - rates.length + index) / (HISTORY_SECONDS - 1)) * width;
        const y = height - 1 - (value(each) / top) * (height - 2);
        return `${x.toFixed(1)},${y.toFixed(1)}`;
      })
      .join(' ');
  return (
    <svg class="rate-line" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      <polyline class="down" points={points(({ downKbps }) => downKbps)} />
      <polyline class="up" points={points(({ upKbps }) => upKbps)} />
    </svg>
  );
}

/** The rate in figures; `counted`: whether this browser counts packets at all. */
export function rateText(rate: WireRate | null, counted: boolean): string {
  const t = messages.value.status;
  if (rate !== null) return t.rate(rate.upKbps.toFixed(0), rate.downKbps.toFixed(0));
  return counted ? t.rate('–', '–') : t.notCounted;
}
