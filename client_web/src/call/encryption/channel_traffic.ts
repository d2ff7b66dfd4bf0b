/** What passes between a session and its data channels: as it is, or sealed. */
import { splitSender, withRecipient } from '../control';
import type { ChannelName } from '../channels';
import { CallError } from '../errors';
import { parseKeyMessage, serialiseKeyMessage, type KeyMessage } from './key_messages';
import { noDrops, OpeningError, sumOfDrops, type DropCounters } from './opening_error';
import type { Bytes } from './primitives';
import { RoomEncryption } from './room_encryption';
import { speechIn } from './sealed_header';
import { SerialQueue } from './serial_queue';
import { NOT_ENCRYPTED, type EncryptionStatistics, type EncryptionStatus } from './status';
import type { VoiceKeyMessage } from './voice_cipher';

export interface ChannelTrafficListener {
  /** Sends one message on a channel, envelope included. */
  transmit(channel: ChannelName, message: Bytes): void;
  /** Takes what came from a participant. Throws `CallError` for what breaks the protocol. */
  deliver(channel: ChannelName, from: number, payload: Bytes): void;
  /** Messages reach this participant, who can read them from now on. */
  onKeysExchanged(participant: number): void;
  onStatus(status: EncryptionStatus): void;
  /** For the transforms that seal and open voice. */
  onVoiceKeys(message: VoiceKeyMessage): void;
  onRejected(error: CallError): void;
}

export interface ChannelTraffic {
  /** Whether participants are to be greeted when keys are exchanged. */
  readonly sealed: boolean;
  /** All channels are open. */
  begin(participants: Iterable<number>): void;
  participantWent(participant: number): void;
  send(channel: ChannelName, recipient: number, payload: Uint8Array): void;
  receive(channel: ChannelName, message: Uint8Array): void;
  /** @param voiceDropped what was dropped of voice, which passes elsewhere. */
  statistics(voiceDropped?: Readonly<DropCounters> | null): EncryptionStatistics;
  close(): void;
}

/**
 * The traffic of one connection.
 * @param secret of the link; `null` if it has no key.
 * @param sealsVoice whether this browser has encoded transforms.
 */
export function openTraffic(
  secret: Bytes | null,
  room: string,
  ownId: number,
  sealsVoice: boolean,
  listener: ChannelTrafficListener,
): ChannelTraffic {
  return secret === null ? new PlainTraffic(listener) : new SealedTraffic(secret, room, ownId, sealsVoice, listener);
}

/** Messages in the clear; those of people whose link has a key cannot be read. */
export class PlainTraffic implements ChannelTraffic {
  readonly sealed = false;
  private readonly strangers = new Set<number>();
  private readonly dropped = noDrops();

  constructor(private readonly listener: ChannelTrafficListener) {}

  begin(): void {
    this.listener.onStatus(this.statistics());
  }

  participantWent(participant: number): void {
    if (this.strangers.delete(participant)) this.listener.onStatus(this.statistics());
  }

  send(channel: ChannelName, recipient: number, payload: Uint8Array): void {
    this.listener.transmit(channel, enveloped(channel, recipient, payload));
  }

  receive(channel: ChannelName, message: Uint8Array): void {
    try {
      const { from, payload } = splitSender(message);
      const keyMessage = channel === 'control' ? parseKeyMessage(payload) : null;
      if (keyMessage?.type === 'key-offer') this.noteStranger(from);
      else if (this.strangers.has(from)) this.dropped.unknownKey += 1;
      else if (keyMessage === null) this.listener.deliver(channel, from, payload.slice());
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      this.listener.onRejected(error);
    }
  }

  statistics(voiceDropped: Readonly<DropCounters> | null = null): EncryptionStatistics {
    const strangers = [...this.strangers].sort((one, other) => one - other);
    return { ...NOT_ENCRYPTED, strangers, dropped: sumOfDrops(this.dropped, voiceDropped ?? noDrops()) };
  }

  close(): void {}

  private noteStranger(from: number): void {
    this.strangers.add(from);
    this.send('control', from, serialiseKeyMessage({ type: 'no-key' }));
    this.listener.onStatus(this.statistics());
  }
}

/** Sealed messages, and the key exchange between them. What is sent and what is received each keeps its order. */
export class SealedTraffic implements ChannelTraffic {
  readonly sealed = true;
  private readonly dropped = noDrops();
  private readonly incoming = new SerialQueue((error) => this.drop(error));
  private readonly outgoing = new SerialQueue((error) => this.drop(error));
  private encryption: RoomEncryption | null = null;
  private told = '';
  private closed = false;

  /** @param sealsVoice whether this browser has encoded transforms. */
  constructor(
    secret: Bytes,
    room: string,
    ownId: number,
    sealsVoice: boolean,
    private readonly listener: ChannelTrafficListener,
  ) {
    this.incoming.run(async () => {
      const encryption = await RoomEncryption.begin(secret, room, ownId, sealsVoice, this.incoming, {
        sendKeyMessage: (recipient, message) => this.sendInTheClear(recipient, message),
        onKeysExchanged: (participant) => listener.onKeysExchanged(participant),
        onVoiceKey: ({ generation, key }) => listener.onVoiceKeys({ type: 'seal-with', generation, key }),
        onKeysVoid: (participant) => listener.onVoiceKeys({ type: 'forget', participant }),
        onTheirKey: (participant, generation, key) =>
          listener.onVoiceKeys({ type: 'open-with', participant, generation, key }),
      });
      if (this.closed) encryption.close();
      this.encryption = encryption;
    });
  }

  begin(participants: Iterable<number>): void {
    const there = [...participants];
    this.enqueue((encryption) => encryption.offerTo(there));
  }

  participantWent(participant: number): void {
    this.enqueue((encryption) => encryption.participantWent(participant));
    this.listener.onVoiceKeys({ type: 'forget', participant });
  }

  /** Messages that are sent before there are keys reach nobody: they are dropped. */
  send(channel: ChannelName, recipient: number, payload: Uint8Array): void {
    const key = this.encryption?.keyFor(channel);
    if (key === undefined) return;
    const plain = new Uint8Array(payload);
    const speech = channel === 'motion' && speechIn(plain);
    this.outgoing.run(async () => {
      this.listener.transmit(channel, enveloped(channel, recipient, await key.seal(channel, plain, speech)));
    });
  }

  receive(channel: ChannelName, message: Uint8Array): void {
    this.enqueue(async (encryption) => {
      const { from, payload } = splitSender(message);
      const packet = payload.slice();
      const keyMessage = channel === 'control' ? parseKeyMessage(packet) : null;
      if (keyMessage !== null) await encryption.take(from, keyMessage);
      else this.listener.deliver(channel, from, await encryption.open(channel, from, packet));
    });
  }

  statistics(voiceDropped: Readonly<DropCounters> | null = null): EncryptionStatistics {
    const status = this.encryption?.status() ?? { sealed: true, voiceSealed: false, strangers: [] };
    return { ...status, dropped: sumOfDrops(this.dropped, voiceDropped ?? noDrops()) };
  }

  close(): void {
    this.closed = true;
    this.encryption?.close();
  }

  private enqueue(task: (encryption: RoomEncryption) => Promise<void> | void): void {
    this.incoming.run(async () => {
      if (this.closed || this.encryption === null) return;
      try {
        await task(this.encryption);
      } finally {
        this.tellStatus();
      }
    });
  }

  private sendInTheClear(recipient: number, message: KeyMessage): void {
    const enveloped = withRecipient(recipient, serialiseKeyMessage(message));
    this.outgoing.run(() => this.listener.transmit('control', enveloped));
  }

  private tellStatus(): void {
    const status = this.encryption?.status();
    const text = JSON.stringify(status);
    if (status === undefined || text === this.told) return;
    this.told = text;
    this.listener.onVoiceKeys({ type: 'seal-voice', sealed: status.voiceSealed });
    this.listener.onStatus(status);
  }

  private drop(error: unknown): void {
    if (error instanceof OpeningError) this.dropped[error.reason] += 1;
    else if (error instanceof CallError) this.listener.onRejected(error);
    else queueMicrotask(() => {
      throw error;
    });
  }
}

/** The relay's envelope: `motion` always goes to everybody, and has none on its way there. */
function enveloped(channel: ChannelName, recipient: number, payload: Uint8Array): Bytes {
  return channel === 'motion' ? new Uint8Array(payload) : withRecipient(recipient, payload);
}
