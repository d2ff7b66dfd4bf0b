import type { ComponentChildren } from 'preact';
import { FILMED, RENDERED } from '../../codec/provenance';
import { messages } from '../i18n/language';
import { Icon } from '../parts/icon';
import { Mounted } from '../parts/mounted';
import type { CallModel } from './call_model';
import type { Place } from './layout';
import type { Picture, Remote } from './remote';

/** One other participant: the drawn face, the voice, the name and what is the matter with them. */
export function Tile({ person, model, place }: { person: Remote; model: CallModel; place: Place }) {
  const t = messages.value.tile;
  const { name, id, source } = person.participant;
  const picture = person.picture.value;
  const state = person.state.value;
  const isPlain = picture === 'plain';
  const isDrawnElsewhere = person.drawing.value?.provider === 'server';
  person.canvas.setAttribute('aria-label', t.face(name));
  return (
    <article
      class="tile"
      aria-label={name}
      data-participant={id}
      data-picture={picture}
      data-digital-source-type={isPlain ? FILMED : RENDERED}
      data-speaking={person.speaking.value || undefined}
      style={styleOf(place)}
      onDblClick={() => model.togglePin(id)}
    >
      <Mounted node={person.canvas} />
      <span class="avatar" aria-hidden="true">
        {initials(name)}
      </span>
      <p class="tile-status">{person.reconnecting.value ? t.reconnecting : statusText(picture)}</p>
      <OriginMark picture={picture} renderedTitle={isDrawnElsewhere ? messages.value.serverView.renderedTitle : t.renderedTitle} />
      <Marks hand={state?.hand} recording={state?.recording} reaction={person.reaction.current.value} />
      <TileFoot name={name} muted={state?.muted === true}>
        {source === 'file' && <span class="source">{t.fromFile}</span>}
        <button
          type="button"
          class="pin"
          aria-pressed={model.pinned.value === id}
          aria-label={t.pin(name)}
          title={t.pin(name)}
          onClick={() => model.togglePin(id)}
        >
          <Icon name="pin" />
        </button>
      </TileFoot>
      <Mounted node={person.sound} />
    </article>
  );
}

/** How the picture came to be. */
function OriginMark({ picture, renderedTitle }: { picture: Picture; renderedTitle: string }) {
  const t = messages.value.tile;
  const [mark, title] =
    picture === 'plain' ? [t.plain, t.plainTitle] : picture === 'sound' ? [t.bySound, t.bySoundTitle] : [t.rendered, renderedTitle];
  return (
    <span class="origin-mark" title={title}>
      {mark}
    </span>
  );
}

/** What somebody wants to be noticed. */
export function Marks(marks: { hand?: boolean | undefined; recording?: boolean | undefined; reaction: string | null }) {
  const t = messages.value.tile;
  return (
    <div class="marks">
      {marks.reaction !== null && <span class="reaction">{marks.reaction}</span>}
      {marks.hand === true && (
        <span class="hand-mark" role="img" aria-label={t.handRaised} title={t.handRaised}>
          ✋
        </span>
      )}
      {marks.recording === true && (
        <span class="recording-mark" role="img" aria-label={t.records} title={t.records}>
          ●
        </span>
      )}
    </div>
  );
}

export function TileFoot({ name, muted, children }: { name: string; muted: boolean; children?: ComponentChildren }) {
  return (
    <div class="tile-foot">
      <span class="muted-mark" hidden={!muted}>
        <Icon name="microphone-off" />
        <span class="visually-hidden">{messages.value.tile.muted}</span>
      </span>
      <span class="tile-name" title={name} dir="auto">
        {name}
      </span>
      {children}
    </div>
  );
}

export function styleOf({ left, top, side }: Place): Record<string, string> {
  return { left: `${left}px`, top: `${top}px`, width: `${side}px`, height: `${side}px` };
}

function statusText(picture: Picture): string {
  const t = messages.value.tile;
  return picture === 'live' || picture === 'plain' || picture === 'sound' ? '' : t.status[picture];
}

/** First letters of the first and the last word. */
function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== '');
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => Array.from(word ?? '')[0] ?? '');
  return letters.join('').toUpperCase();
}
