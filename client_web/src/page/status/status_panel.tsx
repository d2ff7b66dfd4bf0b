import { pictureAgeMs } from '../../call/sender_clock';
import type { CallModel } from '../call/call_model';
import type { Remote } from '../call/remote';
import { messages } from '../i18n/language';
import { encryptionText } from './encryption';
import { RateGraph, rateText } from './rate_graph';
import { PURPOSES } from './wire_shares';

/** What draws a face, as it is called. */
const PROVIDERS = { webgpu: 'WebGPU', wasm: 'WASM', server: 'WebRTC' } as const;

/** Everything the page knows of the connection and of each face, without flattering. */
export function StatusPanel({ model }: { model: CallModel }) {
  const t = messages.value.status;
  const figures = model.figures.current.value;
  const encryption = encryptionText(figures.encryption);
  const { samples, concealedSamples } = figures.voices;
  return (
    <div class="status">
      <section aria-label={t.connection}>
        <p class="rate-large">{rateText(figures.rate, figures.rateCounted)}</p>
        <RateGraph rates={model.figures.rates.value} width={300} height={70} />
        <p class="legend">
          <span class="up">{t.up}</span> <span class="down">{t.down}</span> <span>{t.lastMinute}</span>
        </p>
        <Shares model={model} />
      </section>
      <dl class="figures">
        <Row name={t.encryption} value={encryption.text} title={encryption.title} />
        <Row name={t.transport} value={t.transports[figures.transport?.sending ?? 'none']} />
        <Row name={t.roundTrip} value={figures.roundTripMs === null ? '–' : t.milliseconds(Math.round(figures.roundTripMs))} />
        <Row name={t.bundlesLost} value={String(figures.transport?.bundlesLost ?? 0)} />
        <Row name={t.soundMadeUp} value={samples === 0 ? '–' : `${((100 * concealedSamples) / samples).toFixed(1)} %`} />
        <Row name={t.ownCamera} value={ownCamera(model)} />
      </dl>
      <h3>{t.faces}</h3>
      <p class="empty">{t.facesAreRendered}</p>
      <ul class="face-figures">
        {model.people.value.map((person) => (
          <FaceFigures
            key={person.participant.id}
            person={person}
            clockOffsetMs={figures.transport?.clockOffsets[person.participant.id] ?? null}
          />
        ))}
      </ul>
    </div>
  );
}

/** What our own sending is spent on, the mean of the last seconds. */
function Shares({ model }: { model: CallModel }) {
  const t = messages.value.status;
  const { shares } = model.figures;
  if (shares === null) return null;
  const total = Object.values(shares).reduce((sum, share) => sum + share, 0);
  return (
    <>
      <h3>{t.whereBytesGo}</h3>
      <div class="shares" aria-hidden="true">
        {PURPOSES.map((purpose) => (
          <span key={purpose} data-purpose={purpose} style={{ inlineSize: `${(100 * shares[purpose]) / Math.max(total, 1)}%` }} />
        ))}
      </div>
      <dl class="figures">
        {PURPOSES.map((purpose) => (
          <Row key={purpose} name={t.purposes[purpose]} value={t.kbps(shares[purpose].toFixed(1))} mark={purpose} />
        ))}
      </dl>
    </>
  );
}

/** @param clockOffsetMs how far the person's clock is ahead of ours; `null` if that is not known. */
function FaceFigures({ person, clockOffsetMs }: { person: Remote; clockOffsetMs: number | null }) {
  const t = messages.value.status;
  const drawing = person.drawing.value;
  const behindMs = drawing?.behindMs ?? null;
  return (
    <li>
      <strong dir="auto">{person.participant.name}</strong>
      <span class="badge" data-picture={person.picture.value}>
        {t.fidelity[person.picture.value]}
      </span>
      {drawing !== null && (
        <span class="face-detail">
          {t.drawing(
            Math.round(drawing.picturesPerSecond),
            Math.round(drawing.playoutDelayMs),
            PROVIDERS[drawing.provider],
            drawing.weights,
          )}
          {drawing.soundOffsetMs !== null && ` · ${t.pictureAfterSound(Math.round(drawing.soundOffsetMs))}`}
        </span>
      )}
      {clockOffsetMs !== null && behindMs !== null && (
        <span class="face-detail">{t.cameraToScreen(Math.round(pictureAgeMs(clockOffsetMs, behindMs)))}</span>
      )}
    </li>
  );
}

function Row({ name, value, title, mark }: { name: string; value: string; title?: string; mark?: string }) {
  return (
    <div title={title}>
      <dt data-purpose={mark}>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function ownCamera({ media }: CallModel): string {
  const t = messages.value;
  const tracking = media.tracking.value;
  if (!media.cameraOn.value) return t.tracking.cameraOff;
  if (tracking?.state === 'face') return t.tracking.tracked(Math.round(tracking.fps));
  return tracking?.state === 'no-face' ? t.tracking['no-face'] : t.tracking.loading;
}
