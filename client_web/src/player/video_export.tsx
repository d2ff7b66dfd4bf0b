import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { messages } from '../page/i18n/language';
import { SaveLink } from '../recording/save_link';
import { PlayerError } from './player_client';
import type { ExportFormat } from './player_messages';
import type { Opened } from './player_page';

/** What became of the wish for a video. */
type Stage =
  | { name: 'idle' }
  | { name: 'drawing'; share: number }
  | { name: 'ready'; file: Blob }
  | { name: 'failed'; why: string };

/** Makes an MP4 of what is shown, and says beforehand what is in it. */
export function VideoExport({ opened }: { opened: Opened }) {
  const t = messages.value.recordings.player;
  const { client, playback, name } = opened;
  const stage = useSignal<Stage>({ name: 'idle' });
  const format = useSignal<ExportFormat | null>(null);
  const participants = playback.participants.value;
  const title = name.replace(/\.fwr$/, '');
  useEffect(() => {
    if (stage.value.name !== 'drawing') stage.value = { name: 'idle' };
    void client.ask('format', { participants }).then((found) => (format.value = found));
  }, [participants]);
  const begin = async (): Promise<void> => {
    playback.pause();
    stage.value = { name: 'drawing', share: 0 };
    client.onProgress = (share) => (stage.value = { name: 'drawing', share });
    try {
      const file = await client.ask('export', { participants, title });
      stage.value = file === null ? { name: 'idle' } : { name: 'ready', file };
    } catch (error) {
      if (!(error instanceof PlayerError)) throw error;
      stage.value = { name: 'failed', why: error.message };
    }
  };
  if (format.value?.video === null) return <p class="player-export">{t.noEncoder}</p>;
  return (
    <section class="player-export">
      {stage.value.name === 'drawing' ? (
        <Drawing share={stage.value.share} onCancel={() => void client.ask('cancelExport', null)} />
      ) : (
        <button type="button" disabled={format.value === null} onClick={() => void begin()}>
          {t.exportVideo}
        </button>
      )}
      <p role="status">
        {stage.value.name === 'ready' && t.exported(`${title}.mp4`)}
        {stage.value.name === 'failed' && t.exportFailed(stage.value.why)}
      </p>
      {stage.value.name === 'ready' && (
        <SaveLink name={`${title}.mp4`} file={stage.value.file} label={t.saveFile(`${title}.mp4`)}>
          {messages.value.recordings.save}
        </SaveLink>
      )}
      {format.value !== null && <p class="aside">{formatText(format.value)}</p>}
    </section>
  );
}

function Drawing({ share, onCancel }: { share: number; onCancel: () => void }) {
  const t = messages.value.recordings.player;
  const text = t.exporting(Math.floor(100 * share));
  return (
    <>
      <progress max={1} value={share} aria-label={t.exportVideo} />
      <span>{text}</span>
      <button type="button" onClick={onCancel}>
        {t.cancel}
      </button>
    </>
  );
}

/** What the video will be, and what that means where it is not what every player knows. */
function formatText({ video, sound }: ExportFormat): string {
  const t = messages.value.recordings.player;
  return [
    t.formats(video ?? '–', sound ?? '–'),
    ...(video === 'H.264' ? [] : [t.noH264(video ?? '–')]),
    ...(sound === 'AAC' ? [] : [t.noAac]),
  ].join(' ');
}
