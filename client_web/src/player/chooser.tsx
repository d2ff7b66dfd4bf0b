import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { language, messages } from '../page/i18n/language';
import { NoticeCard } from '../page/parts/notice_list';
import { PageFoot } from '../page/parts/page_foot';
import { deleteRecording, keptRecordings } from '../recording/kept_recordings';
import { sizeText } from '../recording/quantities';
import { SaveLink } from '../recording/save_link';

interface ChooserProps {
  isOpening: boolean;
  /** Why the file that was chosen last cannot be played; null if it can, or none was chosen. */
  problem: string | null;
  open: (name: string, file: Promise<Blob>) => void;
}

/** The way to a recording: a file of one's own, one that this browser keeps, or the shipped demonstration. */
export function Chooser({ isOpening, problem, open }: ChooserProps) {
  const t = messages.value.recordings.player;
  const isOver = useSignal(false);
  const openFile = (file: File | undefined): void => {
    if (file !== undefined) open(file.name, Promise.resolve(file));
  };
  return (
    <main
      class="home player-choice"
      data-over={isOver.value || undefined}
      onDragOver={(event) => {
        event.preventDefault();
        isOver.value = true;
      }}
      onDragLeave={() => (isOver.value = false)}
      onDrop={(event) => {
        event.preventDefault();
        isOver.value = false;
        openFile(event.dataTransfer?.files[0]);
      }}
    >
      <h1>{t.title}</h1>
      <p class="lead">{t.lead}</p>
      {problem !== null && <NoticeCard notice={{ tone: 'fault', title: t.notOpened, text: problem }} />}
      <div class="field-row">
        <label class="button primary" data-disabled={isOpening || undefined}>
          <span>{t.choose}</span>
          <input
            type="file"
            class="visually-hidden"
            accept=".fwr"
            disabled={isOpening}
            onChange={(event) => openFile(event.currentTarget.files?.[0])}
          />
        </label>
        <span class="or-drop">{t.orDrop}</span>
      </div>
      <p role="status">{isOpening ? t.opening : ''}</p>
      <KeptRecordings isOpening={isOpening} open={open} />
      <p class="aside">
        <button
          type="button"
          disabled={isOpening}
          onClick={() => open('demonstration.fwr', fetch('/demonstration.fwr').then((answer) => answer.blob()))}
        >
          {t.demonstration}
        </button>
      </p>
      <p class="aside">
        <a href="/">{messages.value.prepare.back}</a>
      </p>
      <PageFoot />
    </main>
  );
}

function KeptRecordings({ isOpening, open }: Pick<ChooserProps, 'isOpening' | 'open'>) {
  const { player: t, play, save } = messages.value.recordings;
  const files = useSignal<readonly File[]>([]);
  const problem = useSignal('');
  const refresh = async (): Promise<void> => {
    files.value = await keptRecordings();
  };
  const remove = async (name: string): Promise<void> => {
    problem.value = (await deleteRecording(name)) ? '' : t.inUse(name);
    await refresh();
  };
  useEffect(() => void refresh(), []);
  if (files.value.length === 0) return null;
  const made = new Intl.DateTimeFormat(language.value, { dateStyle: 'medium', timeStyle: 'short' });
  return (
    <section class="kept">
      <h2>{t.kept}</h2>
      <p role="status">{problem.value}</p>
      <ul>
        {files.value.map((file) => (
          <li key={file.name}>
            <span class="kept-name">
              {file.name}
              <span class="eyebrow">
                {made.format(file.lastModified)} · {sizeText(file.size)}
              </span>
            </span>
            <span class="kept-ways-on">
              <button
                type="button"
                disabled={isOpening}
                aria-label={t.playFile(file.name)}
                onClick={() => open(file.name, Promise.resolve(file))}
              >
                {play}
              </button>
              <SaveLink name={file.name} file={file} label={t.saveFile(file.name)}>
                {save}
              </SaveLink>
              <button type="button" aria-label={t.deleteFile(file.name)} onClick={() => void remove(file.name)}>
                {t.delete}
              </button>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
