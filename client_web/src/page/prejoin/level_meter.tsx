import type { LocalMedia } from '../../media/local_media';
import { messages } from '../i18n/language';
import { Icon } from '../parts/icon';

const QUIETEST_DBFS = -60;
const LOUDEST_DBFS = -10;

/** How far a meter is filled, 0–1, by a loudness (root mean square of samples in −1…1): linear in decibels. */
function meterShare(loudness: number): number {
  const decibels = 20 * Math.log10(Math.max(loudness, 1e-6));
  return Math.min(1, Math.max(0, (decibels - QUIETEST_DBFS) / (LOUDEST_DBFS - QUIETEST_DBFS)));
}

/** The microphone's level while it is open; lights up with what is taken for speech. */
export function LevelMeter({ media }: { media: LocalMedia }) {
  const share = meterShare(media.loudness.value);
  return (
    <div class="level" data-on={media.speaking.value}>
      <Icon name={media.muted.value ? 'microphone-off' : 'microphone'} />
      <div
        class="level-bar"
        role="meter"
        aria-label={messages.value.prejoin.level}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(100 * share)}
      >
        <span style={{ inlineSize: `${100 * share}%` }} />
      </div>
    </div>
  );
}
