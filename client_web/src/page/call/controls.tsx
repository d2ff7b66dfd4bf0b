import { useRef } from 'preact/hooks';
import { REACTIONS } from '../../call/control';
import { messages } from '../i18n/language';
import { Icon } from '../parts/icon';
import { callActions, type Action } from './actions';
import type { CallModel } from './call_model';

/** The bar of call controls; what does not fit is in its menu. */
export function Controls({ model }: { model: CallModel }) {
  const t = messages.value.actions;
  const actions = callActions(model, t);
  const inBar = actions.filter(({ place, id }) => place !== 'menu' && id !== 'leave');
  const inMenu = actions.filter(({ place }) => place !== 'always');
  return (
    <div class="controls" role="toolbar" aria-label={t.toolbar}>
      {inBar.map((action) => (
        <ControlButton key={action.id} action={action} />
      ))}
      <Reactions model={model} />
      <Menu actions={inMenu} model={model} />
      {actions.filter(({ id }) => id === 'leave').map((action) => (
        <ControlButton key={action.id} action={action} />
      ))}
    </div>
  );
}

function ControlButton({ action }: { action: Action }) {
  return (
    <button
      type="button"
      class="control"
      data-action={action.id}
      data-place={action.place}
      data-warning={action.isWarning || undefined}
      aria-keyshortcuts={action.key}
      aria-pressed={action.isOn}
      disabled={action.isDisabled ?? false}
      title={`${action.label} (${action.key})`}
      onClick={action.run}
    >
      <Icon name={action.icon} />
      <span class="control-text">{action.label}</span>
    </button>
  );
}

function Reactions({ model }: { model: CallModel }) {
  const t = messages.value.actions;
  const popover = useRef<HTMLDivElement>(null);
  return (
    <>
      <button type="button" class="control" data-place="bar" popovertarget="reactions" title={t.react}>
        <Icon name="smile" />
        <span class="control-text">{t.react}</span>
      </button>
      <div id="reactions" class="popover reactions" popover="auto" ref={popover} role="group" aria-label={t.react}>
        <ReactionButtons model={model} onDone={() => popover.current?.hidePopover()} />
      </div>
    </>
  );
}

function ReactionButtons({ model, onDone }: { model: CallModel; onDone: () => void }) {
  return (
    <>
      {REACTIONS.map((emoji, index) => (
        <button
          key={emoji}
          type="button"
          aria-label={messages.value.actions.reactWith(emoji)}
          aria-keyshortcuts={String(index + 1)}
          onClick={() => {
            model.react(emoji);
            onDone();
          }}
        >
          {emoji}
        </button>
      ))}
    </>
  );
}

function Menu({ actions, model }: { actions: readonly Action[]; model: CallModel }) {
  const t = messages.value.actions;
  const popover = useRef<HTMLDivElement>(null);
  return (
    <>
      <button type="button" class="control" data-action="more" popovertarget="more-actions" title={t.more}>
        <Icon name="more" />
        <span class="control-text">{t.more}</span>
      </button>
      <div id="more-actions" class="popover menu" popover="auto" ref={popover} role="group" aria-label={t.more}>
        <div class="reactions menu-reactions">
          <ReactionButtons model={model} onDone={() => popover.current?.hidePopover()} />
        </div>
        {actions.map((action) => (
          <button
            key={action.id}
            type="button"
            data-place={action.place}
            aria-pressed={action.isOn}
            disabled={action.isDisabled ?? false}
            onClick={() => {
              popover.current?.hidePopover();
              action.run();
            }}
          >
            <Icon name={action.icon} />
            <span>{action.label}</span>
            <kbd aria-hidden="true">{action.key}</kbd>
          </button>
        ))}
      </div>
    </>
  );
}
