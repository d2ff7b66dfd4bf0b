import type { CallError } from '../call/errors';
import { element } from './dom';
import { noticeElement } from './notice_list';
import { endNotice } from './notices';

/** The page after the call: why it ended, and the ways on. `error` is `null` if we left ourselves. */
export function showEnding(root: HTMLElement, room: string, error: CallError | null, rejoin: () => void): void {
  const again = element('button', { className: 'primary', type: 'button' }, error === null ? 'Join again' : 'Try again');
  again.addEventListener('click', rejoin);
  root.replaceChildren(
    element(
      'main',
      { className: 'ending' },
      error === null ? element('h1', {}, `You left ${room}`) : noticeElement(endNotice(error)),
      element('div', { className: 'field-row' }, again, element('a', { href: '/', className: 'button' }, 'Another room')),
    ),
  );
  again.focus();
}
