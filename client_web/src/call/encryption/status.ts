import { noDrops, type DropCounters } from './opening_error';

/** How a call is protected. */
export interface EncryptionStatus {
  /** The link has a key: bundles, keyframes and control messages are end-to-end encrypted. */
  sealed: boolean;
  /** Voice is, too. */
  voiceSealed: boolean;
  /** Those whose link has another key, or a key where ours has none: unreadable both ways. */
  strangers: readonly number[];
}

/** The same with what was dropped. */
export interface EncryptionStatistics extends EncryptionStatus {
  dropped: Readonly<DropCounters>;
}

export const NOT_ENCRYPTED: EncryptionStatistics = { sealed: false, voiceSealed: false, strangers: [], dropped: noDrops() };
