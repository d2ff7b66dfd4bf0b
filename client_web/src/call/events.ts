import type { Reaction } from './control';
import type { EncryptionStatus } from './encryption/status';
import type { CallError } from './errors';
import type { Participant, RoomState, ViewMessage } from './messages';

/** Why a participant is no longer in the room. */
export type LeaveReason = 'left' | 'lost' | 'removed';

/** What a participant says about itself; shown beside its name. */
export interface ParticipantState {
  muted: boolean;
  camera: 'on' | 'off';
  /** Wants to say something. */
  hand: boolean;
  /** Records the call. */
  recording: boolean;
  /** Shares a screen. */
  screen: boolean;
  /** Whether the voice may move the face where no motion arrives; if it does not say: while the camera is on. */
  soundDrive?: SoundDrive;
}

export type SoundDrive = 'always' | 'never';

/** Which keyframes a participant can decode: `intra` are only those whose pictures stand alone. */
export type KeyframeAbility = 'all' | 'intra';

/** Our own connection is down and will be tried again. */
export interface ConnectionLoss {
  /** What ended the connection. */
  cause: CallError;
  /** Which attempt comes next, from 1. */
  attempt: number;
  /** Milliseconds until that attempt. */
  retryInMs: number;
}

/** The events of a {@link Call}, by name. */
export interface CallEvents {
  joined: { id: number; participants: readonly Participant[] };
  /** A host must let us in; `joined` or `ended` follows. */
  waiting: undefined;
  /** The door's state and the hosts, after `joined` and at each change. */
  room: { room: RoomState };
  /** To hosts: somebody waits to be let in. */
  knock: { id: number; name: string };
  /** To hosts: nobody waits under that id any more. */
  'knock-gone': { id: number };
  /** A host asks us to mute. */
  'mute-requested': undefined;
  /** All three data channels are open: what is sent from now on reaches the relay. */
  open: undefined;
  'participant-joined': { participant: Participant };
  'participant-left': { participant: Participant; reason: LeaveReason };
  /** Nothing comes from a participant any more (`away`), or something does again; until then what is there stays. */
  'participant-away': { id: number; away: boolean };
  'participant-state': { id: number; state: ParticipantState; keyframes: KeyframeAbility };
  /** A line that a participant wrote to everybody. */
  chat: { from: number; text: string };
  reaction: { from: number; emoji: Reaction };
  /** How the call is protected from now on: once after `open`, then at each change. */
  encryption: { status: EncryptionStatus };
  bundle: { from: number; bundle: Uint8Array };
  /** A whole keyframe, put together from its slices. */
  keyframe: { from: number; blob: Uint8Array };
  /** Some of a participant's shared screen, put together from its slices. */
  screen: { from: number; update: Uint8Array };
  /** A participant wants all of the screen that we share. */
  'screen-request': { from: number };
  /** A participant's voice now arrives on this track; `null`: no longer on any. */
  voice: { id: number; track: MediaStreamTrack | null };
  /** While voices are tapped: an Opus packet of a participant, or our own, with its RTP timestamp (48 kHz). */
  'voice-packet': { from: number; timestamp: number; packet: Uint8Array };
  /** About the view that was asked for by {@link Call.requestView}. */
  view: ViewMessage;
  /** Nothing reaches the server; everybody stays as they are until `reconnected`. */
  'connection-lost': ConnectionLoss;
  /** We are back, as participant `id`. */
  reconnected: { id: number };
  /** The call is over. `error` is `null` after {@link Call.leave}. */
  ended: { error: CallError | null };
  /** A message was dropped because it breaks the protocol. */
  rejected: { error: CallError };
}

type Listener<Payload> = (payload: Payload) => void;

/** A typed event emitter: `Events` maps each event's name to what its listeners receive. */
export class Emitter<Events extends object> {
  private readonly listeners: { [Name in keyof Events]?: Set<Listener<Events[Name]>> } = {};

  /** Calls `listener` at each `name` from now on. Returns a function that stops it. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    const set = (this.listeners[name] ??= new Set());
    set.add(listener);
    return () => set.delete(listener);
  }

  protected emit<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    for (const listener of [...(this.listeners[name] ?? [])]) listener(payload);
  }
}
