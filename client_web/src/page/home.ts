import { element } from './dom';
import { makeUpRoomName, roomNameFrom } from './room_names';

/** The first page: create a room, or enter one by name or link. */
export function showHome(root: HTMLElement): void {
  document.title = 'facewire';
  const input = element('input', {
    id: 'room-name',
    name: 'room',
    autocomplete: 'off',
    spellcheck: false,
    placeholder: 'name or link',
    maxLength: 512,
    'aria-describedby': 'room-name-fault',
  });
  const fault = element('p', { className: 'field-fault', id: 'room-name-fault', 'aria-live': 'polite' });
  const enter = element(
    'form',
    { className: 'enter-room', noValidate: true },
    element('label', { htmlFor: 'room-name' }, 'Or enter a room'),
    element('div', { className: 'field-row' }, input, element('button', { type: 'submit' }, 'Enter')),
    fault,
  );
  enter.addEventListener('submit', (event) => {
    event.preventDefault();
    const name = roomNameFrom(input.value);
    if (name === null) {
      fault.textContent = 'A room’s name has up to 64 letters, digits, dashes and underscores; a whole link works too.';
      input.setAttribute('aria-invalid', 'true');
      input.focus();
    } else {
      location.assign(`/room/${name}`);
    }
  });
  const create = element('button', { className: 'primary', type: 'button' }, 'Create a room');
  create.addEventListener('click', () => location.assign(`/room/${makeUpRoomName()}`));

  root.replaceChildren(
    element(
      'main',
      { className: 'home' },
      element('h1', { className: 'wordmark' }, 'facewire'),
      element('p', { className: 'lead' }, 'Video calls for links that can carry only a telephone call.'),
      create,
      enter,
      element(
        'p',
        { className: 'aside' },
        'Your camera’s pictures stay on this machine but for a few small stills. What travels is how your face moves, ' +
          'and your voice; the other side draws the rest.',
      ),
    ),
  );
}
