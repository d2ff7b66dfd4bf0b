import { messages } from '../i18n/language';
import { Mounted } from '../parts/mounted';
import type { CallModel } from './call_model';

/** What one sees until a host has let one in. */
export function WaitingRoom({ model }: { model: CallModel }) {
  const t = messages.value.waiting;
  const { media } = model;
  return (
    <main class="waiting-room">
      <div class="preview" data-camera={media.cameraOn.value ? 'on' : 'off'}>
        <p class="no-video">{messages.value.prejoin.noPicture}</p>
        <Mounted node={media.video} onMount={() => void media.play()} />
      </div>
      <h1>
        <span class="eyebrow">{model.room}</span>
        {t.title}
      </h1>
      <p role="status">{t.text}</p>
      <button type="button" onClick={() => model.call.leave()}>
        {t.leave}
      </button>
    </main>
  );
}
