/** Codes of the server's `error` message (docs/protocol.md). */
export const SERVER_ERROR_CODES = [
  'bad-message',
  'protocol-version',
  'room-full',
  'bad-room',
  'too-fast',
  'media-failed',
  'going-away',
  'token-required',
  'bad-token',
  'token-expired',
  'room-locked',
  'room-ended',
  'not-admitted',
  'not-host',
  'removed',
  'replaced',
] as const;

export type ServerErrorCode = (typeof SERVER_ERROR_CODES)[number];

/**
 * What went wrong with a call: a code of the server's, or one of ours.
 * `signalling-closed`: the WebSocket closed or could not be opened. `bad-server-message`: the server broke the protocol.
 * `bad-slice`, `bad-control`, `bad-trailer`: another participant did. `bad-key`: the link's key is damaged.
 * `media-lost`: the peer connection failed.
 * `no-answer`: the server was silent for too long.
 */
export type CallErrorCode =
  | ServerErrorCode
  | 'signalling-closed'
  | 'bad-server-message'
  | 'bad-slice'
  | 'bad-control'
  | 'bad-trailer'
  | 'bad-key'
  | 'media-lost'
  | 'no-answer';

/** An error of the call: `code` for programs, `message` for people (what was wrong, the value, what to do). */
export class CallError extends Error {
  constructor(
    readonly code: CallErrorCode,
    message: string,
  ) {
    super(message);
    this.name = 'CallError';
  }
}
