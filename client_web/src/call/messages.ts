/** Signalling messages (docs/protocol.md, "Signalling"): what the server sends, strictly parsed, and what we send. */
import { decode, encode } from '@msgpack/msgpack';
import { CallError, SERVER_ERROR_CODES, type ServerErrorCode } from './errors';

export const PROTOCOL_VERSION = 1;

/** Names of people have 1 to this many characters (Unicode code points). */
export const MAX_NAME_LENGTH = 64;

const MAX_MESSAGE_BYTES = 262_144;
const MAX_PARTICIPANTS = 255;
const MAX_VOICE_SLOTS = 32;
const MAX_MID_LENGTH = 16;
const MAX_ICE_SERVERS = 16;
const MAX_TEXT_LENGTH = 65_536;
const MAX_TOKEN_LENGTH = 2_000;
const MAX_KNOCK = 65_535;
const MAX_NODES = 16;
const MAX_SESSION = 4_294_967_295;
const VIEW_FAILURES = ['no-renderer', 'renderer-lost', 'removed', 'bad-offer'] as const;

/** Where a participant's face comes from; a `renderer` is nobody: somebody who cannot decode sees the others through it. */
export type Source = 'camera' | 'file' | 'none' | 'renderer';

/** Somebody in the room; `id` is 1–255 and unique in the room. */
export interface Participant {
  id: number;
  name: string;
  source: Source;
  /** Of 32 bits; the same when they come back, so that what was received of them before still counts. */
  session: number;
  /** Nothing comes from them just now; their seat is held. */
  away: boolean;
}

/** A room's door, and who its hosts are (ids of those present). */
export interface RoomState {
  /** Nobody new comes in. */
  locked: boolean;
  /** Newcomers wait for a host. */
  lobby: boolean;
  hosts: number[];
}

/** How a face stands that a renderer draws. */
const FACE_STATES = ['waiting', 'live', 'plain', 'no-face', 'stale'] as const;

/** What one video section of a view carries. */
export interface RenderedPicture {
  mid: string;
  participant: number;
  state: (typeof FACE_STATES)[number];
}

/** About the view of who sees the others through a renderer (docs/rendering.md). */
export type ViewMessage =
  | { type: 'view-answer'; sdp: string }
  | { type: 'view-pictures'; pictures: RenderedPicture[] }
  /** There is no view, or no longer; the call goes on. */
  | { type: 'view-failed'; code: (typeof VIEW_FAILURES)[number]; message: string };

export type ServerMessage =
  | {
      type: 'joined';
      id: number;
      participants: Participant[];
      iceServers: RTCIceServer[];
      room: RoomState;
      /** Says that we were let in: what to come back with when the connection is lost. */
      pass: string | null;
      /** Origins of other servers by which we can come back if this one is gone. */
      nodes: string[];
    }
  | { type: 'waiting' }
  | { type: 'knock'; id: number; name: string }
  | { type: 'knock-gone'; id: number }
  | { type: 'mute-requested' }
  | { type: 'room'; room: RoomState }
  | { type: 'answer'; sdp: string }
  | { type: 'voices'; slots: Map<string, number | null> }
  | { type: 'participant-joined'; participant: Participant }
  | { type: 'participant-left'; id: number; reason: 'left' | 'lost' | 'removed' }
  | { type: 'participant-away'; id: number; away: boolean }
  | ViewMessage
  | { type: 'error'; code: ServerErrorCode; message: string };

export type ClientMessage =
  | { type: 'join'; protocol: number; name: string; source: Source; token?: string; pass?: string }
  | { type: 'offer'; sdp: string }
  | { type: 'view'; sdp: string; fragment?: string }
  | { type: 'leave' }
  | HostMessage;

/** What only hosts may ask for; of others it ends the session. */
export type HostMessage =
  | { type: 'answer-knock'; id: number; admit: boolean }
  | { type: 'set-room'; locked: boolean; lobby: boolean }
  | { type: 'request-mute'; id: number }
  | { type: 'remove'; id: number }
  | { type: 'end-room' };

/** The message as the bytes of one msgpack map. */
export function serialiseClientMessage(message: ClientMessage): Uint8Array<ArrayBuffer> {
  return encode(message);
}

/**
 * Parses one message of the server's.
 * @throws {CallError} `bad-server-message`, naming the first field that is wrong.
 */
export function parseServerMessage(bytes: Uint8Array): ServerMessage {
  const fields = parseMap(bytes);
  const type = fields['type'];
  switch (type) {
    case 'joined':
      return {
        type,
        id: participantId(fields['id'], 'joined.id'),
        participants: list(fields['participants'], 'joined.participants', MAX_PARTICIPANTS).map((entry) =>
          participant(entry, 'joined.participants'),
        ),
        iceServers: list(fields['ice_servers'], 'joined.ice_servers', MAX_ICE_SERVERS).map(iceServer),
        room: roomState(record(fields['room'], 'joined.room')),
        pass: fields['pass'] === undefined ? null : text(fields['pass'], 'joined.pass', MAX_TOKEN_LENGTH),
        nodes: fields['nodes'] === undefined ? [] : list(fields['nodes'], 'joined.nodes', MAX_NODES).map(origin),
      };
    case 'waiting':
    case 'mute-requested':
      return { type };
    case 'knock':
      return { type, id: knockId(fields['id'], 'knock.id'), name: personName(fields['name'], 'knock.name') };
    case 'knock-gone':
      return { type, id: knockId(fields['id'], 'knock-gone.id') };
    case 'room':
      return { type, room: roomState(fields) };
    case 'answer':
      return { type, sdp: text(fields['sdp'], 'answer.sdp', MAX_MESSAGE_BYTES) };
    case 'voices':
      return { type, slots: voiceSlots(fields['slots']) };
    case 'participant-joined':
      return { type, participant: participant(fields['participant'], 'participant-joined.participant') };
    case 'participant-left':
      return {
        type,
        id: participantId(fields['id'], 'participant-left.id'),
        reason: oneOf(fields['reason'], ['left', 'lost', 'removed'] as const, 'participant-left.reason'),
      };
    case 'view-answer':
      return { type, sdp: text(fields['sdp'], 'view-answer.sdp', MAX_MESSAGE_BYTES) };
    case 'view-pictures':
      return {
        type,
        pictures: list(fields['pictures'], 'view-pictures.pictures', MAX_PARTICIPANTS).map(renderedPicture),
      };
    case 'view-failed':
      return {
        type,
        code: oneOf(fields['code'], VIEW_FAILURES, 'view-failed.code'),
        message: text(fields['message'], 'view-failed.message', MAX_TEXT_LENGTH),
      };
    case 'participant-away':
      return {
        type,
        id: participantId(fields['id'], 'participant-away.id'),
        away: flag(fields['away'], 'participant-away.away'),
      };
    case 'error':
      return {
        type,
        code: oneOf(fields['code'], SERVER_ERROR_CODES, 'error.code'),
        message: text(fields['message'], 'error.message', MAX_TEXT_LENGTH),
      };
    default:
      throw refuse('type', type);
  }
}

function parseMap(bytes: Uint8Array): Record<string, unknown> {
  if (bytes.length > MAX_MESSAGE_BYTES) {
    throw refuse('length', bytes.length);
  }
  let value: unknown;
  try {
    value = decode(bytes, { maxExtLength: 0, maxArrayLength: MAX_PARTICIPANTS, maxMapLength: 64 });
  } catch (cause) {
    throw new CallError(
      'bad-server-message',
      `The server sent ${bytes.length} bytes that are not msgpack (${String(cause)}). Reload the page.`,
    );
  }
  return record(value, 'message');
}

function refuse(field: string, value: unknown): CallError {
  const shown = typeof value === 'object' && value !== null ? 'a structure' : String(value).slice(0, 80);
  return new CallError(
    'bad-server-message',
    `The server's message has a wrong ${field}: ${shown}. Client and server may be of different versions: reload the page.`,
  );
}

function record(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw refuse(field, value);
  }
  return value as Record<string, unknown>;
}

function list(value: unknown, field: string, longest: number): unknown[] {
  if (!Array.isArray(value) || value.length > longest) throw refuse(field, value);
  return value;
}

function text(value: unknown, field: string, longest: number): string {
  if (typeof value !== 'string' || value.length > longest) throw refuse(field, value);
  return value;
}

function oneOf<Choice extends string>(value: unknown, choices: readonly Choice[], field: string): Choice {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw refuse(field, value);
  return found;
}

function participantId(value: unknown, field: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 255) throw refuse(field, value);
  return value;
}

function participant(value: unknown, field: string): Participant {
  const fields = record(value, field);
  return {
    id: participantId(fields['id'], `${field}.id`),
    name: personName(fields['name'], `${field}.name`),
    source: oneOf(fields['source'], ['camera', 'file', 'none', 'renderer'] as const, `${field}.source`),
    session: sessionNumber(fields['session'], `${field}.session`),
    away: fields['away'] === undefined ? false : flag(fields['away'], `${field}.away`),
  };
}

function renderedPicture(value: unknown): RenderedPicture {
  const fields = record(value, 'view-pictures.pictures');
  return {
    mid: text(fields['mid'], 'view-pictures.mid', MAX_MID_LENGTH),
    participant: participantId(fields['participant'], 'view-pictures.participant'),
    state: oneOf(fields['state'], FACE_STATES, 'view-pictures.state'),
  };
}

function sessionNumber(value: unknown, field: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > MAX_SESSION) throw refuse(field, value);
  return value;
}

function personName(value: unknown, field: string): string {
  const name = text(value, field, 2 * MAX_NAME_LENGTH);
  const characters = Array.from(name).length;
  if (characters === 0 || characters > MAX_NAME_LENGTH) throw refuse(field, `${characters} characters`);
  return name;
}

function knockId(value: unknown, field: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > MAX_KNOCK) throw refuse(field, value);
  return value;
}

function roomState(fields: Record<string, unknown>): RoomState {
  return {
    locked: flag(fields['locked'], 'room.locked'),
    lobby: flag(fields['lobby'], 'room.lobby'),
    hosts: list(fields['hosts'], 'room.hosts', MAX_PARTICIPANTS).map((id) => participantId(id, 'room.hosts')),
  };
}

function origin(value: unknown): string {
  const url = text(value, 'joined.nodes', MAX_TEXT_LENGTH);
  if (!/^https?:\/\/[^/?#]+$/.test(url)) throw refuse('joined.nodes', url);
  return url;
}

function flag(value: unknown, field: string): boolean {
  if (typeof value !== 'boolean') throw refuse(field, value);
  return value;
}

function iceServer(value: unknown): RTCIceServer {
  const fields = record(value, 'joined.ice_servers');
  const urls = fields['urls'];
  const server: RTCIceServer = {
    urls: Array.isArray(urls)
      ? list(urls, 'ice_servers.urls', MAX_ICE_SERVERS).map((url) => text(url, 'ice_servers.urls', 1_024))
      : text(urls, 'ice_servers.urls', 1_024),
  };
  for (const key of ['username', 'credential'] as const) {
    const secret = fields[key];
    if (secret !== undefined && secret !== null) server[key] = text(secret, `ice_servers.${key}`, 1_024);
  }
  return server;
}

function voiceSlots(value: unknown): Map<string, number | null> {
  const entries = Object.entries(record(value, 'voices.slots'));
  if (entries.length > MAX_VOICE_SLOTS) throw refuse('voices.slots', entries.length);
  return new Map(entries.map(([mid, id]) => [mid, id === null ? null : participantId(id, `voices.slots[${mid}]`)]));
}
