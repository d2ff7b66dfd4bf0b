import type { BudgetSettings } from './budget/link_budget';
import type { Bytes } from './encryption/primitives';
import type { KeyframeAbility, ParticipantState } from './events';
import type { KeyframeStore } from './keyframe_delivery';
import type { Source } from './messages';
import type { TransportPreference } from './transport/transport';

/** What a session needs to know of its owner, read whenever it is needed. */
export interface LocalParticipant {
  readonly room: string;
  /** Of our link; `null` if it has no key, so that nothing is end-to-end encrypted. */
  readonly linkSecret: Bytes | null;
  readonly name: string;
  readonly source: Source;
  readonly state: ParticipantState;
  readonly microphone: MediaStreamTrack | null;
  readonly transport: TransportPreference;
  /** Whether voice packets are handed out, to be recorded. */
  readonly isVoiceTapped: boolean;
  /** The join token of our link, if it has one. */
  readonly token: string | null;
  /** What the server gave us to come back with. */
  readonly pass: string | null;
  /** Which keyframes this end can decode. */
  readonly keyframes: KeyframeAbility;
  readonly store: KeyframeStore;
  /** What the call may take of the link. */
  readonly budget: BudgetSettings;
}
