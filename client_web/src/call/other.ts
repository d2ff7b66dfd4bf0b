import { KeyframeAssembler } from './keyframe_delivery';
import type { Participant } from './messages';
import { SenderClock } from './sender_clock';
import { ScreenAssembler } from './screen_delivery';
import { BundleSequence } from './transport/bundle_sequence';

/** What a session knows of one of the others. */
export class Other {
  readonly assembler = new KeyframeAssembler();
  readonly screen = new ScreenAssembler();
  readonly sequence = new BundleSequence();
  readonly clock = new SenderClock(Date.now());
  /** Number of the newest keyframe that came whole; `null` before the first. */
  newestKeyframe: number | null;
  /** We have told them that bundles behind their voice reach us. */
  readingTold = false;

  /**
   * @param greeted whether they were there before us, so that they hear of us without our waiting for their `state`.
   * @param known what an earlier session of ours knew of the same participant.
   */
  constructor(
    readonly participant: Participant,
    public greeted: boolean,
    readonly known: Other | null,
  ) {
    this.newestKeyframe = known?.newestKeyframe ?? null;
  }
}
