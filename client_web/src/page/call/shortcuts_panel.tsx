import { REACTIONS } from '../../call/control';
import { messages } from '../i18n/language';
import { callActions } from './actions';
import type { CallModel } from './call_model';

/** Every key of the call and what it does. */
export function ShortcutsPanel({ model }: { model: CallModel }) {
  const t = messages.value.actions;
  const keys = [
    ...callActions(model, t).map(({ key, label }) => ({ key, label })),
    { key: `1–${REACTIONS.length}`, label: t.react },
    { key: t.spaceKey, label: t.pushToTalk },
    { key: 'Esc', label: messages.value.common.close },
  ];
  return (
    <dl class="shortcuts">
      {keys.map(({ key, label }) => (
        <div key={key}>
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{label}</dd>
        </div>
      ))}
    </dl>
  );
}
