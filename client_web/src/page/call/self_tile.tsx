import { messages } from '../i18n/language';
import { trackingText } from '../prejoin/tracking_hint';
import { Mounted } from '../parts/mounted';
import type { CallModel } from './call_model';
import type { Place } from './layout';
import { Marks, styleOf, TileFoot } from './tile';

/** Our own picture, mirrored, with what the tracker sees. Without a `place` it lies in the corner. */
export function SelfTile({ model, place }: { model: CallModel; place: Place | null }) {
  const t = messages.value;
  const { media } = model;
  const isTracked = media.tracking.value?.state === 'face';
  const { text, tone } = trackingText(media, media.tracking.value?.state === 'no-face' ? 'no-face' : null, t.tracking);
  return (
    <section
      class={place === null ? 'tile self corner' : 'tile self'}
      aria-label={t.prejoin.yourCamera}
      data-camera={media.cameraOn.value ? 'on' : 'off'}
      data-speaking={media.speaking.value || undefined}
      style={place === null ? {} : styleOf(place)}
    >
      <Mounted node={media.video} onMount={() => void media.play()} />
      <Marks hand={model.hand.value} recording={model.recorder.isRecording.value} reaction={model.reaction.current.value} />
      <p class="tile-status" data-tone={tone}>
        {isTracked ? '' : text}
      </p>
      <TileFoot name={t.tile.you} muted={media.muted.value} />
    </section>
  );
}
