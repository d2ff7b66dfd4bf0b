import { messages } from '../i18n/language';
import type { CallModel } from './call_model';

/** Who waits to be let in, for hosts to answer. */
export function Knocks({ model }: { model: CallModel }) {
  const t = messages.value.people;
  if (model.knocks.value.length === 0) return null;
  return (
    <ul class="knocks" aria-label={t.waitingAtTheDoor}>
      {model.knocks.value.map(({ id, name }) => (
        <li key={id} class="knock">
          <p>
            <strong dir="auto">{name}</strong> {t.wantsIn}
          </p>
          <button type="button" class="primary" aria-label={t.admitLabel(name)} onClick={() => model.answerKnock(id, true)}>
            {t.admit}
          </button>
          <button type="button" aria-label={t.refuseLabel(name)} onClick={() => model.answerKnock(id, false)}>
            {t.refuse}
          </button>
        </li>
      ))}
    </ul>
  );
}
