import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { rendererFiles } from '../codec/face_renderer';
import type { RendererFiles } from '../codec/renderer_messages';
import { messages } from '../page/i18n/language';
import { keptRecording } from '../recording/kept_recordings';
import { Chooser } from './chooser';
import { Playback } from './playback';
import { PlayerClient, PlayerError } from './player_client';
import { Screening } from './screening';
import './player.css';

/** A recording that is played. */
export interface Opened {
  name: string;
  client: PlayerClient;
  playback: Playback;
}

/** Where the player's page stands. */
type Stage =
  | { name: 'choosing'; problem: string | null }
  | { name: 'opening' }
  | { name: 'playing'; opened: Opened };

/** Opens recordings, plays them, makes videos of them. `?kept=NAME` begins with one that this browser keeps. */
export function PlayerPage({ provider }: { provider: RendererFiles['preferred'] }) {
  const stage = useSignal<Stage>({ name: 'choosing', problem: null });
  const open = async (name: string, file: Promise<Blob>): Promise<void> => {
    stage.value = { name: 'opening' };
    stage.value = await openRecording(name, file, provider);
  };
  useEffect(() => {
    document.title = `${messages.value.recordings.player.title} · facewire`;
    const kept = new URLSearchParams(location.search).get('kept');
    if (kept !== null) {
      void keptRecording(kept).then((file) => (file === null ? null : open(file.name, Promise.resolve(file))));
    }
  }, []);
  if (stage.value.name === 'playing') {
    const { opened } = stage.value;
    return <Screening opened={opened} onClose={() => (stage.value = { name: 'choosing', problem: null })} />;
  }
  const problem = stage.value.name === 'choosing' ? stage.value.problem : null;
  return <Chooser isOpening={stage.value.name === 'opening'} problem={problem} open={(name, file) => void open(name, file)} />;
}

async function openRecording(name: string, file: Promise<Blob>, provider: RendererFiles['preferred']): Promise<Stage> {
  const client = new PlayerClient();
  try {
    const film = await client.ask('open', { files: rendererFiles(provider), file: await file });
    return { name: 'playing', opened: { name, client, playback: new Playback(client, film) } };
  } catch (error) {
    client.close();
    if (!(error instanceof PlayerError || error instanceof TypeError || error instanceof DOMException)) throw error;
    return { name: 'choosing', problem: error.message };
  }
}
