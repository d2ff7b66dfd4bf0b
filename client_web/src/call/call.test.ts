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

/** What `fetch` does with a ring at the server's door. */
let answering = false;
function ring(_url: string, { signal }: { signal: AbortSignal }): Promise<{ ok: boolean }> {
  if (answering) return Promise.resolve({ ok: true });
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
}

const JOINED = {
  type: 'joined',
  id: 2,
  participants: [{ id: 1, name: 'Ada', source: 'camera', session: 7 }],
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
    vi.stubGlobal('fetch', vi.fn(ring));
    answering = false;
    ScriptedSocket.made = [];
    events = {};
    call = new Call({
      page: 'https://calls.example/room/tea?name=x',
      room: 'tea',
      name: 'Grace',
      source: 'camera',
      state: { muted: false, camera: 'on', hand: false, recording: false, screen: false },
      microphone: null,
      token: null,
      linkSecret: null,
      transport: 'auto',
      keyframes: 'all',
      store: { keyframesInUse: () => [], keyframesSince: () => [] },
    });
    record('connection-lost');
    record('participant-left');
    record('participant-joined');
    record('participant-away');
    record('joined');
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

  it('asks for the server every 0.5 s for 10 s, then ever more slowly', async () => {
    ScriptedSocket.last.drop();
    await vi.advanceTimersByTimeAsync(9_900);
    expect(vi.mocked(fetch).mock.calls.length).toBe(20);
    expect(ScriptedSocket.made.length).toBe(2);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(events['connection-lost']?.map(({ retryInMs }) => retryInMs)).toEqual([
      500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000, 8_000, 8_000, 8_000, 8_000,
    ]);
  });

  it('knocks as soon as the server answers', async () => {
    ScriptedSocket.last.drop();
    ScriptedSocket.last.drop();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(ScriptedSocket.made.length).toBe(2);
    answering = true;
    await vi.advanceTimersByTimeAsync(500);
    expect(ScriptedSocket.made.length).toBe(3);
  });

  it('gives an attempt up that hangs though the server answers', async () => {
    ScriptedSocket.last.drop();
    const hanging = ScriptedSocket.last;
    answering = true;
    await vi.advanceTimersByTimeAsync(500);
    expect(ScriptedSocket.made.length).toBe(3);
    expect(hanging.readyState).toBe(3);
    ScriptedSocket.last.accept();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(ScriptedSocket.made.length).toBe(3);
  });

  it('asks at once when told to', () => {
    ScriptedSocket.last.drop();
    call.retryNow();
    expect(vi.mocked(fetch).mock.calls.length).toBe(2);
  });

  it('gives a silent server up after 10 s', () => {
    ScriptedSocket.last.accept();
    vi.advanceTimersByTime(10_000);
    expect(events['connection-lost']?.[0]?.cause.code).toBe('no-answer');
  });

  it('keeps everybody while it reconnects, and then says who has changed', () => {
    ScriptedSocket.last.accept();
    const bob = { id: 3, name: 'Bob', source: 'camera', session: 8 };
    ScriptedSocket.last.deliver({ ...JOINED, participants: [...JOINED.participants, bob] });
    ScriptedSocket.last.drop();
    ScriptedSocket.last.accept();
    ScriptedSocket.last.deliver({
      ...JOINED,
      participants: [
        { ...JOINED.participants[0], away: true },
        { id: 3, name: 'Cem', source: 'camera', session: 9 },
      ],
    });
    expect(events['joined']?.length).toBe(1);
    expect(events['participant-left']?.map(({ participant }) => participant.name)).toEqual(['Bob']);
    expect(events['participant-joined']?.map(({ participant }) => participant.name)).toEqual(['Cem']);
    expect(events['participant-away']).toContainEqual({ id: 1, away: true });
  });

  it('does not mind that the server gives up the old session for the new one', () => {
    ScriptedSocket.last.accept();
    const old = ScriptedSocket.last;
    old.deliver(JOINED);
    old.drop();
    const first = ScriptedSocket.last;
    first.accept();
    first.deliver(JOINED);
    expect(call.phase).toBe('reconnecting');
    expect(events.ended).toEqual([]);
  });

  it('takes a full room as final at the door, but not on the way back in', () => {
    ScriptedSocket.last.accept();
    ScriptedSocket.last.deliver(JOINED);
    ScriptedSocket.last.drop();
    ScriptedSocket.last.accept();
    ScriptedSocket.last.deliver({ type: 'error', code: 'room-full', message: 'full' });
    expect(call.phase).toBe('reconnecting');
    expect(events.ended).toEqual([]);
  });

  it('comes back with the pass that it was given', () => {
    ScriptedSocket.last.accept();
    ScriptedSocket.last.deliver(JOINED);
    ScriptedSocket.last.drop();
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
