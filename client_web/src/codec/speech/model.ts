/** The audio-visual drive's weights, loaded once for any number of faces: mirrors codec/speech/model.py. */
import { fetchModelFile } from '../model_files';
import type { MotionModel } from '../motion';
import { SpeechDrive } from './drive';
import { MouthFusion, parseCovariances } from './fusion';
import { SpeechNetwork, type Runtime, type SpeechEncoder } from './networks';

/** Where the weights are. */
export interface SpeechFiles {
  speechGraphUrl: string;
  covariancesUrl: string;
}

/** Speech encoder and covariances. */
export class SpeechModel {
  private constructor(
    private readonly encoder: SpeechEncoder,
    private readonly fusion: MouthFusion,
    private readonly motion: MotionModel,
  ) {}

  /** Loads them. Throws `CodecError`: `model-file`, `model-refused`. */
  static async open(runtime: Runtime, files: SpeechFiles, motion: MotionModel): Promise<SpeechModel> {
    const [graph, covariances] = await Promise.all([
      fetchModelFile(files.speechGraphUrl),
      fetchModelFile(files.covariancesUrl),
    ]);
    return new SpeechModel(
      await SpeechNetwork.open(runtime, graph),
      new MouthFusion(parseCovariances(covariances)),
      motion,
    );
  }

  /** Returns a drive for one face. */
  drive(): SpeechDrive {
    return new SpeechDrive(this.encoder, this.fusion, this.motion);
  }
}
