import { element } from './dom';
import type { Notice } from './notices';

/** Shows notices below each other; screen readers hear each once. */
export class NoticeList {
  readonly node = element('div', { className: 'notices', 'aria-live': 'polite' });
  private readonly dismissed = new Set<string>();
  private shown = '';

  /** @param dismissible whether each has a button that puts it away for good. */
  constructor(private readonly dismissible = false) {}

  show(notices: readonly Notice[]): void {
    const wanted = notices.filter(({ title }) => !this.dismissed.has(title));
    const key = JSON.stringify(wanted);
    if (key === this.shown) return;
    this.shown = key;
    this.node.replaceChildren(...wanted.map((notice) => this.build(notice)));
  }

  private build(notice: Notice): HTMLElement {
    const node = noticeElement(notice);
    if (this.dismissible) {
      const dismiss = element('button', { type: 'button', 'aria-label': `Dismiss: ${notice.title}` }, 'Dismiss');
      dismiss.addEventListener('click', () => {
        this.dismissed.add(notice.title);
        node.remove();
      });
      node.append(dismiss);
    }
    return node;
  }
}

export function noticeElement({ tone, title, text }: Notice): HTMLElement {
  return element(
    'div',
    { className: 'notice', 'data-tone': tone },
    element('div', {}, element('strong', {}, title), element('p', {}, text)),
  );
}
