import { Animator } from './animator';
import { EntropyTable } from './contexts';
import { fetchModelFile } from './model_files';
import { MotionModel } from './motion';
import { parseMotionTable } from './motion_table';
import { streamDecoderConfig } from './picture_stream_decoder';
import type { RendererFiles } from './renderer_messages';

/** What turns bundles and keyframes into pictures; serves any number of faces. */
export interface DrawingTools {
  animator: Animator;
  model: MotionModel;
  table: EntropyTable;
  /** How pictures are decoded that are predicted from others; null if they cannot be. */
  streamConfig: VideoDecoderConfig | null;
}

/** Fetches and loads all of it. Throws `CodecError`: `model-file`, `model-refused`, `no-provider`. */
export async function loadDrawingTools(files: RendererFiles): Promise<DrawingTools> {
  const [animator, streamConfig, motionTable, entropyTable] = await Promise.all([
    Animator.open(files),
    streamDecoderConfig(),
    fetchModelFile(files.motionTableUrl),
    fetchModelFile(files.entropyTableUrl),
  ]);
  const model = new MotionModel(parseMotionTable(motionTable));
  return { animator, model, table: EntropyTable.parse(entropyTable), streamConfig };
}
