import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { messages } from '../i18n/language';
import { Icon } from '../parts/icon';
import type { CallModel } from './call_model';
import { Knocks } from './knocks';
import type { Remote } from './remote';

/** Who is here, and for hosts the door and what they may do with people. */
export function PeoplePanel({ model }: { model: CallModel }) {
  const t = messages.value.people;
  const people = [...model.people.value].sort((one, two) => Number(hasHand(two)) - Number(hasHand(one)));
  return (
    <>
      <Knocks model={model} />
      <ul class="people">
        <li>
          <Name name={t.you(model.name)} id={model.ownId.value} model={model} />
          {model.hand.value && <span aria-label={messages.value.tile.handRaised}>✋</span>}
          {model.media.muted.value && <MutedMark />}
        </li>
        {people.map((person) => (
          <PersonRow key={person.participant.id} person={person} model={model} />
        ))}
      </ul>
      {model.isHost.value ? <Door model={model} /> : <DoorState model={model} />}
    </>
  );
}

function PersonRow({ person, model }: { person: Remote; model: CallModel }) {
  const t = messages.value.people;
  const { id, name } = person.participant;
  const state = person.state.value;
  return (
    <li>
      <Name name={name} id={id} model={model} />
      {state?.hand === true && <span aria-label={messages.value.tile.handRaised}>✋</span>}
      {state?.muted === true && <MutedMark />}
      {model.isHost.value && (
        <span class="row-actions">
          <button
            type="button"
            disabled={state?.muted === true}
            aria-label={t.muteLabel(name)}
            onClick={() => {
              model.call.usePower({ type: 'request-mute', id });
              model.announce(t.muteAsked(name));
            }}
          >
            {t.mute}
          </button>
          <ConfirmButton label={t.removeLabel(name)} question={t.removeConfirm} onConfirm={() => model.call.usePower({ type: 'remove', id })}>
            {t.remove}
          </ConfirmButton>
        </span>
      )}
    </li>
  );
}

function Name({ name, id, model }: { name: string; id: number | null; model: CallModel }) {
  const isHost = model.door.value.hosts.some((host) => host === id);
  return (
    <span class="person-name">
      <span dir="auto">{name}</span>
      {isHost && <span class="badge">{messages.value.people.host}</span>}
    </span>
  );
}

function MutedMark() {
  return (
    <span class="muted-mark">
      <Icon name="microphone-off" />
      <span class="visually-hidden">{messages.value.tile.muted}</span>
    </span>
  );
}

/** The host's switches of the door. */
function Door({ model }: { model: CallModel }) {
  const t = messages.value.people;
  const { locked, lobby } = model.door.value;
  const set = (door: { locked: boolean; lobby: boolean }): void => model.call.usePower({ type: 'set-room', ...door });
  return (
    <fieldset class="door">
      <legend>{t.door}</legend>
      <label>
        <input type="checkbox" role="switch" checked={lobby} onChange={() => set({ locked, lobby: !lobby })} />
        <span>{t.lobby}</span>
      </label>
      <label>
        <input type="checkbox" role="switch" checked={locked} onChange={() => set({ locked: !locked, lobby })} />
        <span>{t.locked}</span>
      </label>
      <ConfirmButton label={t.end} question={t.endConfirm} onConfirm={() => model.call.usePower({ type: 'end-room' })}>
        {t.end}
      </ConfirmButton>
    </fieldset>
  );
}

function DoorState({ model }: { model: CallModel }) {
  const t = messages.value.people;
  const { locked, lobby } = model.door.value;
  return <p class="empty">{locked ? t.isLocked : lobby ? t.hasLobby : t.isOpen}</p>;
}

interface ConfirmSettings {
  label: string;
  question: string;
  onConfirm: () => void;
  children: ComponentChildren;
}

/** A button that does what cannot be undone at the second press only. */
function ConfirmButton({ label, question, onConfirm, children }: ConfirmSettings) {
  const asked = useSignal(false);
  const press = (): void => {
    if (asked.value) onConfirm();
    asked.value = !asked.value;
  };
  return (
    <button
      type="button"
      class={asked.value ? 'danger' : ''}
      aria-label={asked.value ? question : label}
      onClick={press}
      onBlur={() => (asked.value = false)}
    >
      {asked.value ? question : children}
    </button>
  );
}

function hasHand(person: Remote): boolean {
  return person.state.value?.hand === true;
}
