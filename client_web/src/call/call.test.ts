import { decode, encode } from '@msgpack/msgpack';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Call } from './call';
import type { CallEvents } from './events';

/** A WebSocket that the test opens, feeds and closes. */
class ScriptedSocket {
  static readonly OPEN = 1;
  static made: ScriptedSocket[] = [];
  readyState = 0;
  binaryType = '';
  readonly sent: unknown[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;

  constructor(readonly url: string) {
    ScriptedSocket.made.push(this);
  }

  static get last(): ScriptedSocket {
    return ScriptedSocket.made.at(-1) as ScriptedSocket;
  }

  send(message: Uint8Array): void {
    this.sent.push(decode(message));
  }

  close(): void {
    this.readyState = 3;
  }

  accept(): void {
    this.readyState = ScriptedSocket.OPEN;
    this.onopen?.();
  }

  deliver(message: unknown): void {
    this.onmessage?.({ data: encode(message).slice().buffer });
  }

  drop(): void {
    this.readyState = 3;
    this.onclose?.({ code: 1006, reason: '' });
  }
}

/** A peer connection that never connects: these tests are about what surrounds it. */
class IdlePeerConnection extends EventTarget {
  iceGatheringState = 'complete';
  localDescription = { sdp: 'v=0' };
  addTransceiver = (): object => ({ sender: { replaceTrack: () => Promise.resolve() } });
  createDataChannel = (): object => ({ readyState: 'connecting', bufferedAmount: 0 });
  createOffer = (): Promise<object> => Promise.resolve({});
  setLocalDescription = (): Promise<void> => Promise.resolve();
  getStats = (): Promise<Map<string, unknown>> => Promise.resolve(new Map());
  close = (): void => {};
}

const JOINED = {
  type: 'joined',
  id: 2,
  participants: [{ id: 1, name: 'Ada', source: 'camera' }],
  ice_servers: [],
  room: { locked: false, lobby: false, hosts: [1] },
  pass: 'the pass',
};

describe('Call', () => {
  let call: Call;
  let events: { [Name in keyof CallEvents]?: CallEvents[Name][] };

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('WebSocket', ScriptedSocket);
    vi.stubGlobal('RTCPeerConnection', IdlePeerConnection);
    ScriptedSocket.made = [];
    events = {};
    call = new Call({
      page: 'https://calls.example/room/tea?name=x',
      room: 'tea',
      name: 'Grace',
      source: 'camera',
      state: { muted: false, camera: 'on', hand: false, recording: false },
      microphone: null,
      token: null,
      transport: 'auto',
      keyframes: 'all',
      store: { keyframesInUse: () => [], keyframesSince: () => [] },
    });
    record('connection-lost');
    record('participant-left');
    record('ended');
    call.join();
  });

  afterEach(() => {
    call.leave();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  function record<Name extends keyof CallEvents>(name: Name): void {
    const list: CallEvents[Name][] = [];
    events[name] = list as never;
    call.on(name, (payload) => list.push(payload));
  }

  it('joins over TLS where the page came over TLS, then offers', async () => {
    expect(ScriptedSocket.last.url).toBe('wss://calls.example/room/tea/signal');
    ScriptedSocket.last.accept();
    ScriptedSocket.last.deliver(JOINED);
    await vi.advanceTimersByTimeAsync(0);
    expect(ScriptedSocket.last.sent).toEqual([
      { type: 'join', protocol: 1, name: 'Grace', source: 'camera' },
      { type: 'offer', sdp: 'v=0' },
    ]);
  });

  it('tries again after 0.5 s, doubling to 8 s', () => {
    for (let attempt = 0; attempt < 7; attempt += 1) {
      ScriptedSocket.last.drop();
      vi.advanceTimersByTime(8_000);
    }
    expect(events['connection-lost']?.map(({ retryInMs }) => retryInMs)).toEqual([
      500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000,
    ]);
    expect(events['connection-lost']?.at(-1)?.attempt).toBe(7);
    expect(ScriptedSocket.made.length).toBe(8);
  });

  it('tries at once when asked to', () => {
    ScriptedSocket.last.drop();
    call.retryNow();
    call.retryNow();
    vi.advanceTimersByTime(8_000);
    expect(ScriptedSocket.made.length).toBe(2);
  });

  it('gives a silent server up after 10 s', () => {
    ScriptedSocket.last.accept();
    vi.advanceTimersByTime(10_000);
    expect(events['connection-lost']?.[0]?.cause.code).toBe('no-answer');
  });

  it('says of everybody that they are gone while it reconnects', () => {
    ScriptedSocket.last.accept();
    ScriptedSocket.last.deliver(JOINED);
    ScriptedSocket.last.drop();
    expect(events['participant-left']?.map(({ participant, reason }) => [participant.name, reason])).toEqual([
      ['Ada', 'reconnecting'],
    ]);
  });

  it('takes a full room as final at the door, but not on the way back in', () => {
    ScriptedSocket.last.accept();
    ScriptedSocket.last.deliver(JOINED);
    ScriptedSocket.last.drop();
    vi.advanceTimersByTime(500);
    ScriptedSocket.last.accept();
    ScriptedSocket.last.deliver({ type: 'error', code: 'room-full', message: 'full' });
    expect(call.phase).toBe('reconnecting');
    expect(events.ended).toEqual([]);
  });

  it('comes back with the pass that it was given', () => {
    ScriptedSocket.last.accept();
    ScriptedSocket.last.deliver(JOINED);
    ScriptedSocket.last.drop();
    vi.advanceTimersByTime(500);
    ScriptedSocket.last.accept();
    expect(ScriptedSocket.last.sent[0]).toMatchObject({ type: 'join', pass: 'the pass' });
  });

  it('waits at the door for as long as it takes', () => {
    ScriptedSocket.last.accept();
    ScriptedSocket.last.deliver({ type: 'waiting' });
    vi.advanceTimersByTime(60_000);
    expect(call.phase).toBe('joining');
    ScriptedSocket.last.deliver({ type: 'error', code: 'not-admitted', message: 'no' });
    expect(events.ended?.[0]?.error?.code).toBe('not-admitted');
  });

  it.each([
    ...['room-full', 'bad-room', 'protocol-version', 'bad-message', 'too-fast', 'bad-token', 'token-expired'],
    ...['token-required', 'room-locked', 'room-ended', 'removed', 'replaced'],
  ])('ends at once on %s', (code) => {
    ScriptedSocket.last.accept();
    ScriptedSocket.last.deliver({ type: 'error', code, message: 'no' });
    expect(call.phase).toBe('ended');
    expect(events.ended?.[0]?.error?.code).toBe(code);
    vi.advanceTimersByTime(60_000);
    expect(ScriptedSocket.made.length).toBe(1);
  });

  it('ends on a message that it cannot read, and says so', () => {
    ScriptedSocket.last.accept();
    ScriptedSocket.last.onmessage?.({ data: 'text' });
    expect(events.ended?.[0]?.error?.code).toBe('bad-server-message');
  });

  it('leaves with a goodbye and without an error', () => {
    ScriptedSocket.last.accept();
    call.leave();
    expect(ScriptedSocket.last.sent.at(-1)).toEqual({ type: 'leave' });
    expect(events.ended).toEqual([{ error: null }]);
    vi.advanceTimersByTime(60_000);
    expect(ScriptedSocket.made.length).toBe(1);
  });
});
