import { EVERYBODY, type ControlMessage } from './control';
import { CallError } from './errors';
import type { CallEvents } from './events';
import { Exchange } from './exchange';
import type { LocalParticipant } from './local_participant';
import { PROTOCOL_VERSION, type HostMessage, type Participant, type ServerMessage } from './messages';
import { Other } from './other';
import { Signalling } from './signalling';

export interface SessionListener {
  report<Name extends keyof CallEvents>(name: Name, payload: CallEvents[Name]): void;
  /** We are in; with this we may come back. */
  onPass(pass: string | null): void;
  /** Other servers by which we may come back. */
  onNodes(nodes: string[]): void;
  /** Nothing comes from the server any more (`true`), or something does again (`false`). */
  onSilence(silent: boolean): void;
  /** The session is over; it has closed everything of its own. */
  onEnd(cause: CallError): void;
}

const JOIN_LIMIT_MS = 10_000;

/** One stay in the room: one signalling socket and one peer connection, from `join` to the first failure. */
export class Session {
  /** The others by id. */
  readonly others = new Map<number, Other>();
  readonly startedMs = performance.now();
  /** What is exchanged with them; `null` before the room was entered. */
  exchange: Exchange | null = null;
  private readonly signalling: Signalling;
  private readonly joinTimer: ReturnType<typeof setTimeout>;
  private ended = false;

  /** @param known whom an earlier session of ours knew: what we received of them still counts if they are there. */
  constructor(
    url: string,
    private readonly local: LocalParticipant,
    private readonly known: ReadonlyMap<number, Other>,
    private readonly listener: SessionListener,
  ) {
    this.joinTimer = setTimeout(
      () => this.end(new CallError('no-answer', `The server did not answer within ${JOIN_LIMIT_MS / 1_000} s.`)),
      JOIN_LIMIT_MS,
    );
    this.signalling = new Signalling(url, {
      onOpen: () =>
        this.signalling.send({
          type: 'join',
          protocol: PROTOCOL_VERSION,
          name: local.name,
          source: local.source,
          ...(local.token === null ? {} : { token: local.token }),
          ...(local.pass === null ? {} : { pass: local.pass }),
        }),
      onMessage: (message) => this.receive(message),
      onClosed: (cause) => this.end(cause),
    });
  }

  usePower(message: HostMessage): void {
    this.signalling.send(message);
  }

  requestView(sdp: string, fragment: string | null): void {
    this.signalling.send({ type: 'view', sdp, ...(fragment === null ? {} : { fragment }) });
  }

  /** Sends everybody a line of chat or a reaction. */
  say(message: Extract<ControlMessage, { type: 'chat' | 'reaction' }>): void {
    this.exchange?.sendControl(EVERYBODY, message);
  }

  requestKeyframe(from: number, number: number): void {
    this.exchange?.sendControl(from, { type: 'keyframe-request', number });
  }

  /** Whether the server has answered the socket. */
  get isAnswered(): boolean {
    return this.signalling.isOpen;
  }

  /** Says goodbye and closes; nothing more is reported. */
  leave(): void {
    this.signalling.send({ type: 'leave' });
    this.close();
  }

  private receive(message: ServerMessage): void {
    switch (message.type) {
      case 'joined':
        clearTimeout(this.joinTimer);
        for (const participant of message.participants) this.enter(participant, true);
        this.exchange = this.openExchange(message.iceServers, message.id);
        this.listener.onPass(message.pass);
        this.listener.onNodes(message.nodes);
        this.listener.report('joined', { id: message.id, participants: message.participants });
        this.listener.report('room', { room: message.room });
        break;
      case 'waiting':
        clearTimeout(this.joinTimer);
        this.listener.report('waiting', undefined);
        break;
      case 'room':
        this.listener.report('room', { room: message.room });
        break;
      case 'knock':
        this.listener.report('knock', { id: message.id, name: message.name });
        break;
      case 'knock-gone':
        this.listener.report('knock-gone', { id: message.id });
        break;
      case 'mute-requested':
        this.listener.report('mute-requested', undefined);
        break;
      case 'answer':
        this.exchange?.acceptAnswer(message.sdp);
        break;
      case 'voices':
        this.exchange?.setSlots(message.slots);
        break;
      case 'participant-joined':
        this.enter(message.participant, false);
        this.exchange?.ensureSlots();
        this.listener.report('participant-joined', { participant: message.participant });
        break;
      case 'participant-left':
        this.remove(message.id, message.reason);
        break;
      case 'participant-away':
        this.listener.report('participant-away', { id: message.id, away: message.away });
        break;
      case 'view-answer':
      case 'view-pictures':
      case 'view-failed':
        this.listener.report('view', message);
        break;
      case 'error':
        this.end(new CallError(message.code, message.message));
    }
  }

  private enter(participant: Participant, wasThere: boolean): void {
    const known = this.known.get(participant.id);
    const isKnown = wasThere && known?.participant.session === participant.session;
    // With a key, nobody can read us before keys are exchanged.
    const isGreeted = wasThere && this.local.linkSecret === null;
    this.others.set(participant.id, new Other(participant, isGreeted, isKnown ? known : null));
  }

  private remove(id: number, reason: 'left' | 'lost' | 'removed'): void {
    const participant = this.others.get(id)?.participant;
    if (participant === undefined) return;
    this.others.delete(id);
    this.exchange?.forget(id);
    this.listener.report('participant-left', { participant, reason });
  }

  private openExchange(iceServers: RTCIceServer[], ownId: number): Exchange {
    return new Exchange(this.local, this.others, iceServers, ownId, {
      report: (name, payload) => this.listener.report(name, payload),
      onOffer: (sdp) => this.signalling.send({ type: 'offer', sdp }),
      onSilence: (silent) => this.listener.onSilence(silent),
      onLost: (cause) => this.end(cause),
    });
  }

  private end(cause: CallError): void {
    if (this.ended) return;
    this.close();
    this.listener.onEnd(cause);
  }

  /** Closes without a word; nothing more is reported. */
  close(): void {
    this.ended = true;
    clearTimeout(this.joinTimer);
    this.signalling.close();
    this.exchange?.close();
  }
}
