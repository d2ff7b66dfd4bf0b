import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { TrackingStatus } from '../../codec';
import { messages } from '../i18n/language';
import { ServerViewOffer } from '../../rendered_view/consent';
import { cleanName } from '../options';
import { rememberedName, rememberName } from '../preferences';
import { DeviceSelect } from '../parts/device_select';
import { Mounted } from '../parts/mounted';
import { NoticeList } from '../parts/notice_list';
import {
  deviceNotices,
  encoderNotice,
  noWebGpuNotice,
  rendererNotice,
  serverViewNotice,
  type Notice,
} from '../parts/notices';
import { PageFoot } from '../parts/page_foot';
import type { Visit } from '../visit';
import { CropFrame } from './crop_frame';
import { LevelMeter } from './level_meter';
import { LuminanceMeter } from './luminance';
import { NetworkCheck } from './network_check_view';
import { OwnRendering } from './own_rendering';
import { trackingFault, trackingText, type TrackingFault } from './tracking_hint';

const LUMINANCE_INTERVAL_MS = 1_000;

/** The page before the call: see yourself, choose devices, say who you are, join. */
export function Prejoin({ visit, name: given }: { visit: Visit; name: string | null }) {
  const { media, room } = visit;
  const t = messages.value.prejoin;
  const name = useSignal(given ?? rememberedName() ?? '');
  const nameMissing = useSignal(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    document.title = `${room} · facewire`;
    if (name.value === '') input.current?.focus();
  }, []);
  const join = (event: Event): void => {
    event.preventDefault();
    const cleaned = cleanName(name.value);
    nameMissing.value = cleaned === null;
    if (cleaned === null) {
      input.current?.focus();
      return;
    }
    rememberName(cleaned);
    void visit.join(cleaned);
  };
  const notices = collectNotices(visit);
  return (
    <main class="prejoin">
      <Preview visit={visit} />
      <section class="entrance">
        <h1>
          <span class="eyebrow">{t.room}</span>
          {room}
        </h1>
        <NoticeList notices={notices.filter(({ tone }) => tone === 'fault')} />
        {visit.rendererError.value !== null && serverViewOffered(visit) && <ServerViewOffer />}
        {canTryAgain(visit) && (
          <button type="button" onClick={() => void media.open()}>
            {messages.value.common.tryAgain}
          </button>
        )}
        <form class="join" noValidate onSubmit={join}>
          <label for="own-name">{t.yourName}</label>
          <input
            id="own-name"
            ref={input}
            autocomplete="name"
            dir="auto"
            maxLength={64}
            required
            value={name.value}
            aria-invalid={nameMissing.value}
            placeholder={nameMissing.value ? t.nameMissing : ''}
            onInput={(event) => (name.value = event.currentTarget.value)}
          />
          <div class="devices">
            <DeviceSelect kind="camera" media={media} />
            <DeviceSelect kind="microphone" media={media} />
          </div>
          <LevelMeter media={media} />
          <button class="primary" type="submit" disabled={visit.joining.value}>
            {t.join}
          </button>
        </form>
        <NetworkCheck />
        <NoticeList notices={notices.filter(({ tone }) => tone === 'hint')} />
        <PageFoot />
      </section>
    </main>
  );
}

/** Our camera's picture with the square that is sent, what the tracker makes of it, and what the others will see. */
function Preview({ visit: { media, renderer, serverView } }: { visit: Visit }) {
  const t = messages.value;
  const tracking = media.tracking.value;
  const fault = useTrackingFault(media.video, tracking);
  const { text, tone } = trackingText(media, fault, t.tracking);
  return (
    <section class="preview" aria-label={t.prejoin.yourCamera} data-camera={media.cameraOn.value ? 'on' : 'off'}>
      <p class="no-video">{t.prejoin.noPicture}</p>
      <Mounted node={media.video} onMount={() => void media.play()} />
      <CropFrame crop={tracking?.state === 'face' ? tracking.crop : null} video={media.video} />
      <p class="chip" role="status" data-tone={tone}>
        {text}
      </p>
      {renderer.value !== null && renderer.value !== 'loading' && serverView.stage.value === 'unwanted' && tracking?.state === 'face' && (
        <OwnRendering media={media} renderer={renderer.value} />
      )}
    </section>
  );
}

function useTrackingFault(video: HTMLVideoElement, tracking: TrackingStatus | null): TrackingFault | null {
  const meter = useMemo(() => new LuminanceMeter(), []);
  const luminance = useSignal<number | null>(null);
  useEffect(() => {
    const timer = setInterval(() => (luminance.value = meter.measure(video)), LUMINANCE_INTERVAL_MS);
    return () => clearInterval(timer);
  }, [video]);
  if (tracking === null) return null;
  return trackingFault(tracking, luminance.value, { width: video.videoWidth, height: video.videoHeight });
}

function canTryAgain({ media, opened }: Visit): boolean {
  const problems = [media.problems.camera.value, media.problems.microphone.value];
  return opened.value && problems.some((problem) => problem !== null && problem !== 'insecure-address');
}

function serverViewOffered({ serverView }: Visit): boolean {
  return serverView.stage.value === 'unwanted';
}

function collectNotices({ media, rendererError, hasWebGpu, serverView }: Visit): Notice[] {
  const notices = deviceNotices({ camera: media.problems.camera.value, microphone: media.problems.microphone.value });
  if (media.codecProblem.value !== null) notices.push(encoderNotice(media.codecProblem.value));
  if (rendererError.value !== null) notices.push(rendererNotice(rendererError.value));
  else if (serverView.stage.value === 'accepted') notices.push(serverViewNotice('we'));
  else if (!hasWebGpu.value) notices.push(noWebGpuNotice());
  return notices;
}
