/** The receivers' worker: bundles and keyframes of all faces in, their canvases drawn. */
import type { Animator } from './animator';
import { loadDrawingTools } from './drawing_tools';
import { CodecError } from './errors';
import type { MotionModel } from './motion';
import { Renderer } from './renderer';
import type { FromRenderer, RendererFiles, ToRenderer } from './renderer_messages';
import { SpeechModel } from './speech/model';
import { decodesOpus } from './speech/voice_tap';

let renderer: Renderer | null = null;

self.onmessage = ({ data }: MessageEvent<ToRenderer>) => {
  handle(data).catch((error: unknown) => {
    const failure =
      error instanceof CodecError ? error : new CodecError('no-provider', `drawing failed: ${String(error)}`);
    post({ type: 'error', code: failure.code, message: failure.message });
  });
};

async function handle(message: ToRenderer): Promise<void> {
  switch (message.type) {
    case 'open': {
      const opened = await open(message.files);
      renderer = opened;
      post({ type: 'ready', decodesPredicted: opened.decodesPredicted });
      return opened.run();
    }
    case 'add':
      renderer?.add(message.face, message.canvas);
      return;
    case 'bundle':
      renderer?.addBundle(message.face, message.bundle, message.arrivalEpochMs);
      return;
    case 'keyframe':
      await renderer?.addKeyframe(message.face, message.blob);
      return;
    case 'voice':
      renderer?.addVoice(message.face, message.packet);
      return;
    case 'played':
      renderer?.notePlayed(message.face, message.timestamp, message.playedMs);
      return;
    case 'allow-sound':
      renderer?.allowSound(message.face, message.allowed);
      return;
    case 'remove':
      renderer?.remove(message.face);
  }
}

async function open(files: RendererFiles): Promise<Renderer> {
  const { animator, model, table, streamConfig } = await loadDrawingTools(files);
  const opened = new Renderer(animator, model, table, streamConfig, {
    firstPicture: () => void learnToHear(opened, animator, model, files),
    keyframeNeeded: (face, number) => post({ type: 'keyframe-needed', face, number }),
    voice: (face, active) => post({ type: 'voice', face, active }),
    statistics: (face, statistics, timings) => post({ type: 'statistics', face, statistics, timings }),
  });
  return opened;
}

/** Loads what lets voices move faces. Where it cannot be had, received motion alone does. */
async function learnToHear(opened: Renderer, animator: Animator, model: MotionModel, files: RendererFiles): Promise<void> {
  try {
    if (!(await decodesOpus())) return;
    opened.speech = await SpeechModel.open(animator.runtime, files.speech, model);
    post({ type: 'hears' });
  } catch (error) {
    console.debug(`voices move no faces: ${String(error)}`);
  }
}

function post(message: FromRenderer): void {
  self.postMessage(message);
}
