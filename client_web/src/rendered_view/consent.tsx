import { messages } from '../page/i18n/language';
import { addressWith, type ServerView } from './server_view';

/** Asks, before anything else, whether the server may see what it draws. */
export function Consent({ view, room }: { view: ServerView; room: string }) {
  const t = messages.value.serverView;
  return (
    <main class="prejoin">
      <section class="entrance">
        <h1>
          <span class="eyebrow">{messages.value.prejoin.room}</span>
          {room}
        </h1>
        <div class="notice" data-tone="fault" id="server-view-consent">
          <div>
            <strong>{t.title}</strong>
            <p>{t.text}</p>
            <p>{t.othersAreTold}</p>
          </div>
        </div>
        <button type="button" class="primary" id="accept-server-view" onClick={() => view.accept()}>
          {t.accept}
        </button>
        <a href={addressWith('browser', location.href)}>{t.decline}</a>
      </section>
    </main>
  );
}

/** The way on for a browser that cannot draw faces. */
export function ServerViewOffer() {
  return <a href={addressWith('server', location.href)}>{messages.value.serverView.offer}</a>;
}
