import type { ChannelName } from './channels';
import type { CallError } from './errors';
import type { VoiceArrival } from './transport/transport';

/** What a connection tells its exchange. */
export interface ConnectionListener {
  /** An SDP offer with all candidates, to be sent to the server. */
  onOffer(sdp: string): void;
  /** All channels are open. */
  onOpen(): void;
  onChannelMessage(channel: ChannelName, message: Uint8Array): void;
  /** A bundle is to go by data channel. */
  onChannelBundle(bundle: Uint8Array): void;
  /** A voice packet came in the slot (transceiver) `mid`. */
  onVoicePacket(mid: string, arrival: VoiceArrival): void;
  /** A bundle came behind a voice packet of the slot `mid`. */
  onTrailerBundle(mid: string, bundle: Uint8Array, arrival: VoiceArrival): void;
  /** From an open tap: an Opus packet of the slot `mid`, or our own (`null`), with its RTP timestamp (48 kHz). */
  onTappedVoice(mid: string | null, timestamp: number, packet: Uint8Array): void;
  /** A voice packet was malformed; it was played as it was. */
  onRejected(error: CallError): void;
  /** The voice slot (transceiver) `mid` has a track. */
  onVoiceTrack(mid: string, track: MediaStreamTrack): void;
  /** Nothing comes from the server any more (`true`), or something does again (`false`). */
  onSilence(silent: boolean): void;
  /** The connection failed and will not come back. */
  onLost(cause: CallError): void;
}
