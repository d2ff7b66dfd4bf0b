import { element } from './dom';
import type { Notice } from './notices';

/** Shows notices below each other; screen readers hear each once. */
export class NoticeList {
  readonly node = element('div', { className: 'notices', 'aria-live': 'polite' });
  private shown = '';

  show(notices: readonly Notice[]): void {
    const key = JSON.stringify(notices);
    if (key === this.shown) return;
    this.shown = key;
    this.node.replaceChildren(...notices.map(noticeElement));
  }
}

export function noticeElement({ tone, title, text }: Notice): HTMLElement {
  return element('div', { className: 'notice', 'data-tone': tone }, element('strong', {}, title), element('p', {}, text));
}
