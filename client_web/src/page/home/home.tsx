import { useSignal } from '@preact/signals';
import { messages } from '../i18n/language';
import { PageFoot } from '../parts/page_foot';
import { newRoomAddress, roomAddressFrom } from './room_address';

/** The first page: create a room, or enter one by name or link. */
export function Home() {
  const t = messages.value.home;
  const typed = useSignal('');
  const isWrong = useSignal(false);
  const enter = (event: Event): void => {
    event.preventDefault();
    const address = roomAddressFrom(typed.value);
    isWrong.value = address === null;
    if (address !== null) location.assign(address);
  };
  return (
    <main class="home">
      <h1 class="wordmark">facewire</h1>
      <p class="lead">{t.lead}</p>
      <button class="primary" type="button" onClick={() => location.assign(newRoomAddress())}>
        {t.create}
      </button>
      <form class="enter-room" noValidate onSubmit={enter}>
        <label for="room-name">{t.enterLabel}</label>
        <div class="field-row">
          <input
            id="room-name"
            name="room"
            autocomplete="off"
            spellcheck={false}
            placeholder={t.enterPlaceholder}
            maxLength={4096}
            aria-describedby="room-name-fault"
            aria-invalid={isWrong.value}
            onInput={(event) => (typed.value = event.currentTarget.value)}
          />
          <button type="submit">{t.enter}</button>
        </div>
        <p class="field-fault" id="room-name-fault" aria-live="polite">
          {isWrong.value ? t.badRoom : ''}
        </p>
      </form>
      <p class="aside">{t.privacy}</p>
      <p class="aside">
        <a href="/demo">{t.compare}</a> · <a href="/play">{messages.value.recordings.player.title}</a> ·{' '}
        <a href="/prepare">{messages.value.prepare.title}</a>
      </p>
      <PageFoot />
    </main>
  );
}
