import { useEffect, useMemo } from 'preact/hooks';
import { FILMED, RENDERED } from '../codec/provenance';
import { messages } from '../page/i18n/language';
import { Icon } from '../page/parts/icon';
import { Mounted } from '../page/parts/mounted';
import { NoticeList } from '../page/parts/notice_list';
import type { Notice } from '../page/parts/notices';
import { clockText } from '../recording/quantities';
import { VideoExport } from './video_export';
import { gridShape } from './grid_shape';
import { listenToPlayerKeys } from './player_keys';
import type { Opened } from './player_page';
import type { FilmSummary } from './player_messages';

/** A recording on the screen: its faces, and the controls below them. */
export function Screening({ opened, onClose }: { opened: Opened; onClose: () => void }) {
  const t = messages.value.recordings.player;
  const { client, playback, name } = opened;
  useEffect(() => listenToPlayerKeys(playback), [playback]);
  useEffect(
    () => () => {
      playback.close();
      client.close();
    },
    [opened],
  );
  return (
    <main class="player">
      <header class="player-head">
        <h1>{name}</h1>
        <button type="button" onClick={onClose}>
          {t.another}
        </button>
      </header>
      <NoticeList notices={noticesOf(playback.film)} dismissible />
      <Faces opened={opened} />
      <Transport opened={opened} />
      <VideoExport opened={opened} />
    </main>
  );
}

function noticesOf({ damagedChunks, decodesSound }: FilmSummary): Notice[] {
  const t = messages.value.recordings.player;
  const texts = [...(damagedChunks > 0 ? [t.damaged(damagedChunks)] : []), ...(decodesSound ? [] : [t.noSound])];
  return texts.map((title) => ({ tone: 'hint', title, text: '' }));
}

/** Everybody who is shown, each on a canvas of their own. */
function Faces({ opened }: { opened: Opened }) {
  const { playback } = opened;
  const shown = playback.film.participants.filter(({ id }) => playback.participants.value.includes(id));
  const { columns, rows } = gridShape(shown.length);
  return (
    <div class="player-faces" style={{ '--columns': columns, '--rows': rows }} data-drawn-ms={playback.drawnMs.value}>
      {playback.film.participants.map((participant) => (
        <Face key={participant.id} opened={opened} participant={participant} isShown={shown.includes(participant)} />
      ))}
    </div>
  );
}

interface FaceProps {
  opened: Opened;
  participant: FilmSummary['participants'][number];
  isShown: boolean;
}

function Face({ opened, participant: { id, name, hasPictures }, isShown }: FaceProps) {
  const t = messages.value;
  const { client, playback } = opened;
  const canvas = useMemo(() => document.createElement('canvas'), [opened]);
  useEffect(() => {
    const offscreen = canvas.transferControlToOffscreen();
    void client.ask('stage', { participant: id, canvas: offscreen }, [offscreen]).then(() => playback.seek(playback.positionMs.value));
  }, [canvas]);
  const mode = playback.modes.value.get(id) ?? 'waiting';
  const isPlain = mode === 'plain';
  const known = name === '' ? t.recordings.player.unnamed(id) : name;
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', t.tile.face(known));
  return (
    <figure
      class="player-face"
      hidden={!isShown}
      data-participant={id}
      data-mode={mode}
      data-digital-source-type={isPlain ? FILMED : RENDERED}
    >
      <Mounted node={canvas} />
      {hasPictures && (
        <span class="origin-mark" title={isPlain ? t.tile.plainTitle : t.tile.renderedTitle}>
          {isPlain ? t.tile.plain : t.tile.rendered}
        </span>
      )}
      <figcaption>
        <strong dir="auto">{known}</strong>
        <span class="player-mode">{hasPictures ? t.status.fidelity[mode] : t.recordings.player.voiceOnly}</span>
      </figcaption>
    </figure>
  );
}

/** Play, pause, the position, and who is shown. */
function Transport({ opened: { playback } }: { opened: Opened }) {
  const t = messages.value.recordings.player;
  const { film, isPlaying, positionMs, chosen } = playback;
  const position = clockText(positionMs.value);
  return (
    <div class="player-transport">
      <button
        type="button"
        class="primary player-toggle"
        aria-label={isPlaying.value ? t.pause : t.start}
        title={isPlaying.value ? t.pause : t.start}
        onClick={() => playback.toggle()}
      >
        <Icon name={isPlaying.value ? 'pause' : 'play'} />
      </button>
      <time>{position}</time>
      <input
        type="range"
        min={0}
        max={film.lengthMs}
        step={10}
        value={positionMs.value}
        aria-label={t.position}
        aria-valuetext={position}
        onInput={(event) => playback.seek(event.currentTarget.valueAsNumber)}
      />
      <time>{clockText(film.lengthMs)}</time>
      {film.participants.length > 1 && (
        <label class="choice">
          <span>{t.who}</span>
          <select
            value={chosen.value ?? ''}
            onChange={(event) => (chosen.value = event.currentTarget.value === '' ? null : Number(event.currentTarget.value))}
          >
            <option value="">{t.everybody}</option>
            {film.participants.map(({ id, name }) => (
              <option key={id} value={id}>
                {name === '' ? t.unnamed(id) : name}
              </option>
            ))}
          </select>
        </label>
      )}
      <p class="aside player-keys">{t.keys}</p>
    </div>
  );
}
