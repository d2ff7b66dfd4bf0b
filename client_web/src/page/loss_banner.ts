import type { ConnectionLoss } from '../call/events';
import { element } from './dom';
import { connectionLossText } from './notices';

/** Says that the connection is down, counts down to the next attempt, and offers to try now. */
export class LossBanner {
  readonly node: HTMLElement;
  private readonly text = element('p');
  private readonly countdown = element('p', { className: 'countdown', 'aria-live': 'off' });
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(retryNow: () => void) {
    const retry = element('button', { type: 'button' }, 'Try now');
    retry.addEventListener('click', retryNow);
    this.node = element(
      'div',
      { className: 'loss-banner', role: 'alert', hidden: true },
      element('strong', {}, 'Connection lost'),
      this.text,
      this.countdown,
      retry,
    );
  }

  show({ cause, attempt, retryInMs }: ConnectionLoss): void {
    const retryAtMs = performance.now() + retryInMs;
    const count = (): void => {
      const seconds = Math.ceil((retryAtMs - performance.now()) / 1_000);
      this.countdown.textContent =
        seconds > 0 ? `Attempt ${attempt} to reconnect in ${seconds} s` : `Attempt ${attempt} to reconnect…`;
    };
    clearInterval(this.timer);
    this.timer = setInterval(count, 250);
    count();
    // That later attempts do not get through says less than what ended the call first.
    if (this.node.hidden || cause.code !== 'signalling-closed') this.text.textContent = connectionLossText(cause);
    this.node.hidden = false;
  }

  hide(): void {
    clearInterval(this.timer);
    this.node.hidden = true;
  }
}
