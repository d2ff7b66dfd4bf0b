import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { messages } from '../i18n/language';
import { Icon } from '../parts/icon';
import { StatusPanel } from '../status/status_panel';
import type { CallModel } from './call_model';
import { ChatPanel } from './chat_panel';
import { PeoplePanel } from './people_panel';
import { SettingsPanel } from './settings_panel';
import { ShortcutsPanel } from './shortcuts_panel';

/** What is open beside the faces (below them on a phone), if anything. */
export function SidePanel({ model }: { model: CallModel }) {
  const t = messages.value.panels;
  switch (model.panel.value) {
    case 'chat':
      return <Frame title={t.chat} model={model} children={<ChatPanel model={model} />} />;
    case 'people':
      return <Frame title={t.people} model={model} children={<PeoplePanel model={model} />} />;
    case 'status':
      return <Frame title={t.status} model={model} children={<StatusPanel model={model} />} />;
    case 'settings':
      return <Frame title={t.settings} model={model} children={<SettingsPanel model={model} />} />;
    case 'shortcuts':
      return <Frame title={t.shortcuts} model={model} children={<ShortcutsPanel model={model} />} />;
    case null:
      return null;
  }
}

function Frame({ title, model, children }: { title: string; model: CallModel; children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  // A keyboard goes on from where something opened.
  useEffect(() => heading.current?.focus(), [title]);
  const panel = model.panel.value;
  return (
    <aside class="panel" aria-label={title} data-panel={panel}>
      <div class="panel-head">
        <h2 tabIndex={-1} ref={heading}>
          {title}
        </h2>
        <button type="button" aria-label={messages.value.common.close} onClick={() => panel !== null && model.toggle(panel)}>
          <Icon name="close" />
        </button>
      </div>
      {children}
    </aside>
  );
}
