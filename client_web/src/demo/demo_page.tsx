import { useSignal, type Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { CodecError } from '../codec';
import type { CaptureProblem } from '../media/capture';
import { messages } from '../page/i18n/language';
import { Mounted } from '../page/parts/mounted';
import { NoticeCard, NoticeList } from '../page/parts/notice_list';
import { deviceNotices, type Notice } from '../page/parts/notices';
import { PageFoot } from '../page/parts/page_foot';
import { Comparison, type SourceName } from './comparison';
import { FacewireTile, OrdinaryTile, SourceTile } from './pane_tile';
import { RateChart } from './rate_chart';
import { LINKS, type LinkName } from './simulated_link';
import './demo.css';

/** Where the page of comparison stands. */
type Stage = { name: 'choosing' } | { name: 'starting' } | { name: 'failed'; notice: Notice } | { name: 'running'; comparison: Comparison };

/** Facewire beside ordinary codecs: on one machine, without anybody else. */
export function DemoPage({ provider, begin }: { provider: 'auto' | 'webgpu' | 'wasm'; begin: SourceName | null }) {
  const stage = useSignal<Stage>({ name: 'choosing' });
  const open = async (source: SourceName): Promise<void> => {
    stage.value = { name: 'starting' };
    stage.value = await tryToOpen(source, provider);
  };
  useEffect(() => {
    document.title = `${messages.value.demo.title} · facewire`;
    if (begin !== null) void open(begin);
  }, []);
  if (stage.value.name === 'running') return <Running comparison={stage.value.comparison} stage={stage} />;
  return <Choice stage={stage.value} open={(source) => void open(source)} />;
}

async function tryToOpen(source: SourceName, provider: 'auto' | 'webgpu' | 'wasm'): Promise<Stage> {
  try {
    const opened = await Comparison.open(source, provider);
    if (opened instanceof Comparison) return { name: 'running', comparison: opened };
    return { name: 'failed', notice: cameraNotice(opened) };
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    return { name: 'failed', notice: { tone: 'fault', title: messages.value.endings.other, text: error.message } };
  }
}

function cameraNotice(problem: CaptureProblem): Notice {
  const [notice] = deviceNotices({ camera: problem, microphone: null });
  return { tone: 'fault', title: notice?.title ?? '', text: messages.value.demo.noCamera };
}

function Choice({ stage, open }: { stage: Stage; open: (source: SourceName) => void }) {
  const t = messages.value.demo;
  return (
    <main class="home">
      <h1>{t.title}</h1>
      <p class="lead">{t.lead}</p>
      {stage.name === 'failed' && <NoticeCard notice={stage.notice} />}
      <div class="field-row">
        <button type="button" class="primary" disabled={stage.name === 'starting'} onClick={() => open('camera')}>
          {t.useCamera}
        </button>
        <button type="button" disabled={stage.name === 'starting'} onClick={() => open('clip')}>
          {t.useClip}
        </button>
      </div>
      <p role="status">{stage.name === 'starting' ? t.starting : ''}</p>
      <p class="aside">{t.clipNote}</p>
      <PageFoot />
    </main>
  );
}

function Running({ comparison, stage }: { comparison: Comparison; stage: Signal<Stage> }) {
  const t = messages.value.demo;
  const main = useRef<HTMLElement>(null);
  useEffect(() => () => comparison.close(), [comparison]);
  return (
    <main class="demo" ref={main}>
      <header class="demo-head">
        <h1>{t.title}</h1>
        <button type="button" onClick={() => void main.current?.requestFullscreen()}>
          {t.fullScreen}
        </button>
        <button type="button" onClick={() => (stage.value = { name: 'choosing' })}>
          {t.stop}
        </button>
      </header>
      {comparison.source === 'clip' && (
        <NoticeList notices={[{ tone: 'hint', title: t.clip, text: t.clipNote }]} dismissible />
      )}
      <div class="panes">
        <SourceTile source={comparison.source}>
          <Mounted node={comparison.video} onMount={() => void comparison.start()} />
        </SourceTile>
        <FacewireTile pane={comparison.facewire} />
        {comparison.ordinary.map((pane) => (
          <OrdinaryTile key={pane.name} pane={pane} />
        ))}
      </div>
      <div class="demo-foot">
        <Steering comparison={comparison} />
        <RateChart
          lines={[comparison.facewire, ...comparison.ordinary].map(({ name, rate }) => ({ name, values: rate.past.value }))}
        />
      </div>
    </main>
  );
}

function Steering({ comparison }: { comparison: Comparison }) {
  const t = messages.value.demo;
  const { followsFacewire, kbps, link } = comparison;
  return (
    <div class="steering">
      <label class="check">
        <input type="checkbox" checked={followsFacewire.value} onChange={() => (followsFacewire.value = !followsFacewire.value)} />
        <span>{t.sameBits}</span>
      </label>
      <label>
        <span>
          {t.othersBits}: <output>{t.kbps(comparison.ordinaryKbps.toFixed(0))}</output>
        </span>
        <input
          type="range"
          min={3}
          max={100}
          value={kbps.value}
          onInput={(event) => {
            followsFacewire.value = false;
            kbps.value = event.currentTarget.valueAsNumber;
          }}
        />
      </label>
      <label class="choice">
        <span>{t.link}</span>
        <select value={link.value} onChange={(event) => (link.value = event.currentTarget.value as LinkName)}>
          {(Object.keys(LINKS) as LinkName[]).map((name) => (
            <option key={name} value={name}>
              {t.links[name]}
            </option>
          ))}
        </select>
      </label>
      <p class="aside">{t.counted}</p>
    </div>
  );
}
