import { useEffect, useRef } from 'preact/hooks';
import { messages } from '../i18n/language';
import { Icon } from '../parts/icon';
import { NoticeList } from '../parts/notice_list';
import { deviceNotices, encoderNotice, rendererNotice, serverViewNotice, slowDrawingNotice, type Notice } from '../parts/notices';
import { RecordingBar } from '../../recording/recording_bar';
import { encryptionText } from '../status/encryption';
import { RateGraph, rateText } from '../status/rate_graph';
import type { Visit } from '../visit';
import type { CallModel } from './call_model';
import { Controls } from './controls';
import { Knocks } from './knocks';
import { LossBanner } from './loss_banner';
import { SidePanel } from './panel';
import { listenToKeys } from './shortcuts';
import { SharingBar } from './screen_tile';
import { Stage } from './stage';
import { WaitingRoom } from './waiting_room';

/** Below so many pictures a second the page says that it is this machine. */
const SLOW_PICTURES_PER_SECOND = 10;

/** The page during the call. */
export function CallPage({ model, visit }: { model: CallModel; visit: Visit }) {
  const main = useRef<HTMLElement>(null);
  useEffect(() => main.current?.focus(), []);
  useEffect(() => listenToKeys(model), [model]);
  if (model.waiting.value) return <WaitingRoom model={model} />;
  return (
    <main class="call" tabIndex={-1} ref={main}>
      <Header model={model} />
      <LossBanner model={model} />
      <RecordingBar recorder={model.recorder} recordedBy={recordedBy(model)} />
      <NoticeList notices={collectNotices(model, visit)} dismissible />
      {model.screens.own.value !== null && <SharingBar model={model} />}
      {model.panel.value !== 'people' && <Knocks model={model} />}
      <div class="call-middle">
        <Stage model={model} />
        <SidePanel model={model} />
      </div>
      <Controls model={model} />
    </main>
  );
}

function Header({ model }: { model: CallModel }) {
  const t = messages.value;
  const figures = model.figures.current.value;
  const { rate, rateCounted } = figures;
  const encryption = encryptionText(figures.encryption);
  return (
    <header class="call-head">
      <h1>
        <span class="eyebrow">{t.prejoin.room}</span>
        {model.room}
        {model.door.value.locked && (
          <span role="img" aria-label={t.people.isLocked} title={t.people.isLocked}>
            <Icon name="lock" />
          </span>
        )}
      </h1>
      <span class="encryption" title={encryption.title}>
        <Icon name="shield" />
        <span>{encryption.text}</span>
      </span>
      <button type="button" class="rate" title={t.status.rateTitle} onClick={() => model.toggle('status')}>
        <RateGraph rates={model.figures.rates.value} width={120} height={28} />
        <output class="rate-figures">{rateText(rate, rateCounted)}</output>
      </button>
    </header>
  );
}

/** Names of the others who record. */
function recordedBy(model: CallModel): string[] {
  const recording = model.people.value.filter(({ state }) => state.value?.recording === true);
  return recording.map(({ participant }) => participant.name);
}

function collectNotices(model: CallModel, visit: Visit): Notice[] {
  const { media, people } = model;
  const notices = deviceNotices({ camera: media.problems.camera.value, microphone: media.problems.microphone.value });
  if (media.codecProblem.value !== null) notices.push(encoderNotice(media.codecProblem.value));
  if (visit.rendererError.value !== null) notices.push(rendererNotice(visit.rendererError.value));
  if (visit.serverView.stage.value === 'accepted') notices.push(serverViewNotice('we'));
  else if (model.renderers.value > 0) notices.push(serverViewNotice('somebody'));
  const drawn = people.value.filter(({ picture }) => picture.value === 'live').map(({ drawing }) => drawing.value);
  const slowest = Math.min(...drawn.map((drawing) => drawing?.picturesPerSecond ?? Infinity));
  const isDrawnHere = visit.serverView.stage.value === 'unwanted';
  if (isDrawnHere && drawn.length > 1 && slowest < SLOW_PICTURES_PER_SECOND) notices.push(slowDrawingNotice(slowest));
  return notices;
}
