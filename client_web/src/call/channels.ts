/** The data channels by name (docs/protocol.md, "Data channels"). */
export const CHANNELS = {
  motion: { ordered: false, maxRetransmits: 0 },
  keyframe: { ordered: true },
  control: { ordered: true },
} as const satisfies Record<string, RTCDataChannelInit>;

export type ChannelName = keyof typeof CHANNELS;

/** Messages and payload bytes of one channel, envelope included, in each direction. */
export interface ChannelCounters {
  messagesSent: number;
  bytesSent: number;
  messagesReceived: number;
  bytesReceived: number;
  /** Messages that were not sent because the channel was closed or too much was waiting. */
  messagesDropped: number;
}

/** Counters at the beginning. */
export function emptyCounters(): ChannelCounters {
  return { messagesSent: 0, bytesSent: 0, messagesReceived: 0, bytesReceived: 0, messagesDropped: 0 };
}
