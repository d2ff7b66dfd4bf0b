import type { ComponentChildren } from 'preact';
import { messages } from '../page/i18n/language';
import { Mounted } from '../page/parts/mounted';
import type { SourceName } from './comparison';
import type { FacewirePane } from './facewire_pane';
import type { OrdinaryPane } from './ordinary_pane';

export function SourceTile({ source, children }: { source: SourceName; children: ComponentChildren }) {
  const t = messages.value.demo;
  return (
    <Frame name={source === 'camera' ? t.source : t.clip} origin={source === 'camera' ? t.filmed : messages.value.tile.rendered}>
      {children}
    </Frame>
  );
}

export function FacewireTile({ pane }: { pane: FacewirePane }) {
  const t = messages.value;
  const isPlain = pane.drawing.value?.state === 'plain';
  return (
    <Frame name={pane.name} origin={isPlain ? t.tile.plain : t.tile.rendered} kbps={pane.rate.kbps.value} pictures={pane.picturesPerSecond.value}>
      <Mounted node={pane.canvas} />
    </Frame>
  );
}

export function OrdinaryTile({ pane }: { pane: OrdinaryPane }) {
  const t = messages.value.demo;
  return (
    <Frame name={pane.name} origin={pane.missing.value ? t.missing : t.filmed} kbps={pane.rate.kbps.value} pictures={pane.picturesPerSecond.value}>
      <Mounted node={pane.canvas} />
    </Frame>
  );
}

interface FrameSettings {
  name: string;
  /** Whether what is shown was drawn or filmed. */
  origin: string;
  /** What it costs; the source costs nothing. */
  kbps?: number;
  /** A second. */
  pictures?: number;
  children: ComponentChildren;
}

function Frame({ name, origin, kbps, pictures, children }: FrameSettings) {
  const t = messages.value.demo;
  return (
    <figure class="pane" data-name={name}>
      <div class="pane-picture">{children}</div>
      <figcaption>
        <strong>{name}</strong>
        <span class="badge">{origin}</span>
        {kbps !== undefined && <span class="pane-rate">{t.kbps(kbps.toFixed(1))}</span>}
        {pictures !== undefined && <span class="pane-fps">{t.pictures(Math.round(pictures))}</span>}
      </figcaption>
    </figure>
  );
}
