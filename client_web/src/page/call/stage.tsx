import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { messages } from '../i18n/language';
import { invitation } from '../home/room_address';
import { Icon } from '../parts/icon';
import type { CallModel } from './call_model';
import { gridPlaces, speakerPlaces, type Place, type Size } from './layout';
import type { Remote } from './remote';
import { ScreenTile } from './screen_tile';
import { SelfTile } from './self_tile';
import { Tile } from './tile';

const GAP_PX = 10;

/** Everybody's tiles. With one other, our own picture lies in the corner; with more, it is a tile like theirs. */
export function Stage({ model }: { model: CallModel }) {
  const stage = useRef<HTMLDivElement>(null);
  const size = useSignal<Size>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const node = stage.current;
    if (node === null) return;
    const observer = new ResizeObserver(() => (size.value = { width: node.clientWidth, height: node.clientHeight }));
    observer.observe(node);
    return () => observer.disconnect();
  }, []);
  const people = model.people.value;
  const { others, own } = placesOf(model, people, size.value);
  const screen = model.screens.others.value.at(-1);
  return (
    <div class="stage" data-screen={screen !== undefined || undefined}>
      {screen !== undefined && <ScreenTile key={screen.participant} screen={screen} model={model} />}
      <div class="tiles" ref={stage} role="group" aria-label={messages.value.call.participants} data-view={model.view.value}>
        {people.map((person) => (
          <Tile key={person.participant.id} person={person} model={model} place={others.get(person)!} />
        ))}
        <SelfTile model={model} place={own} />
      </div>
      {people.length === 0 && model.ownId.value !== null && <Alone model={model} />}
      {model.soundBlocked.value && (
        <button type="button" class="sound-gate primary" onClick={() => void model.openSound()}>
          {messages.value.call.hearOthers}
        </button>
      )}
      <p class="announcement" role="status">
        {model.announcement.current.value ?? ''}
      </p>
    </div>
  );
}

/** Where everybody is; tiles keep their order in the page, so that none is moved there. */
function placesOf(
  model: CallModel,
  people: readonly Remote[],
  stage: Size,
): { others: Map<Remote, Place>; own: Place | null } {
  const withOwn = people.length > 1;
  const count = people.length + (withOwn ? 1 : 0);
  const isSpeakerView = model.view.value === 'speaker' && count > 1;
  const featured = people.find(({ participant }) => participant.id === model.featured.value);
  const order = isSpeakerView && featured !== undefined ? [featured, ...people.filter((p) => p !== featured)] : people;
  const places = (isSpeakerView ? speakerPlaces : gridPlaces)(stage, count, GAP_PX);
  const others = new Map(order.map((person, index) => [person, places[index]!]));
  return { others, own: withOwn ? (places.at(-1) ?? null) : null };
}

/** Says how to invite while nobody else is here. */
function Alone({ model }: { model: CallModel }) {
  const t = messages.value.call;
  const link = invitation(location);
  return (
    <div class="alone">
      <p>{t.aloneInvite}</p>
      <code>{link}</code>
      <div class="field-row">
        <button type="button" class="primary" onClick={() => void model.copyLink()}>
          <Icon name="link" />
          {t.copyLink}
        </button>
        {'share' in navigator && (
          <button type="button" onClick={() => void navigator.share({ url: link }).catch(() => {})}>
            {t.share}
          </button>
        )}
      </div>
    </div>
  );
}
