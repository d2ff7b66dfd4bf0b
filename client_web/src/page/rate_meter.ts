import type { WireRate } from '../call/wire_rate';
import { element } from './dom';

const HISTORY_SECONDS = 60;
const WIDTH = 120;
const HEIGHT = 28;
const LOWEST_SCALE_KBPS = 30;

/** The live rate on the wire, in figures and as the line of the last minute. */
export class RateMeter {
  readonly node: HTMLElement;
  private readonly figures = element('output', { className: 'rate-figures' }, 'up – / down – kbit/s');
  private readonly up = line('up');
  private readonly down = line('down');
  private readonly history: WireRate[] = [];

  constructor() {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    svg.setAttribute('class', 'rate-line');
    svg.setAttribute('preserveAspectRatio', 'none');
    svg.setAttribute('aria-hidden', 'true');
    svg.append(this.down, this.up);
    this.node = element(
      'div',
      { className: 'rate', title: 'Everything this call puts on the wire, sound and IP headers included; mean of 5 s' },
      svg,
      this.figures,
    );
  }

  /** Shows the rate, `null` while there is none; to be called once a second. `counted`: whether there ever will be one. */
  show(rate: WireRate | null, counted: boolean): void {
    if (rate === null) {
      this.figures.textContent = counted ? 'up – / down – kbit/s' : 'this browser counts no packets';
      return;
    }
    this.figures.textContent = `up ${rate.upKbps.toFixed(0)} / down ${rate.downKbps.toFixed(0)} kbit/s`;
    this.history.push(rate);
    if (this.history.length > HISTORY_SECONDS) this.history.shift();
    const top = Math.max(LOWEST_SCALE_KBPS, ...this.history.flatMap(({ upKbps, downKbps }) => [upKbps, downKbps]));
    this.up.setAttribute('points', this.points(top, ({ upKbps }) => upKbps));
    this.down.setAttribute('points', this.points(top, ({ downKbps }) => downKbps));
  }

  private points(top: number, value: (rate: WireRate) => number): string {
    const start = HISTORY_SECONDS - this.history.length;
    return this.history
      .map((rate, index) => {
        const x = ((start + index) / (HISTORY_SECONDS - 1)) * WIDTH;
        const y = HEIGHT - 1 - (value(rate) / top) * (HEIGHT - 2);
        return `${x.toFixed(1)},${y.toFixed(1)}`;
      })
      .join(' ');
  }
}

function line(name: string): SVGPolylineElement {
  const polyline = document.createElementNS('http://www.w3.org/2000/svg', 'polyline');
  polyline.setAttribute('class', name);
  return polyline;
}
