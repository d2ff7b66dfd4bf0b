import { CallError } from './errors';
import { parseServerMessage, serialiseClientMessage, type ClientMessage, type ServerMessage } from './messages';

/** What a {@link Signalling} reports. After `onClosed` nothing more comes. */
export interface SignallingListener {
  onOpen(): void;
  onMessage(message: ServerMessage): void;
  /** The socket closed, could not be opened, or the server said `error` or something unreadable. */
  onClosed(cause: CallError): void;
}

/** Address of a room's signalling socket: `wss:` exactly if `page` (the page's own URL) is `https:`. */
export function signallingUrl(page: string, room: string): string {
  const url = new URL(`/room/${encodeURIComponent(room)}/signal`, page);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

/** Address of what the server of a page answers while it lives. */
export function lifeUrl(page: string): string {
  return new URL('/healthz', page).href;
}

/** One WebSocket to the server, typed (docs/protocol.md, "Signalling"). */
export class Signalling {
  private readonly socket: WebSocket;
  private listener: SignallingListener | null;

  constructor(url: string, listener: SignallingListener) {
    this.listener = listener;
    this.socket = new WebSocket(url);
    this.socket.binaryType = 'arraybuffer';
    this.socket.onopen = () => this.listener?.onOpen();
    this.socket.onmessage = (event) => this.receive(event.data as unknown);
    this.socket.onclose = (event) => {
      const reason = event.reason === '' ? `code ${event.code}` : event.reason;
      this.end(new CallError('signalling-closed', `The connection to the server closed (${reason}).`));
    };
  }

  /** Whether the server has answered. */
  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  /** Sends `message`; dropped if the socket is not open, which `onClosed` reports. */
  send(message: ClientMessage): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(serialiseClientMessage(message));
  }

  /** Closes the socket; the listener hears nothing more. */
  close(): void {
    this.listener = null;
    this.socket.close();
  }

  private receive(data: unknown): void {
    let message: ServerMessage;
    try {
      if (!(data instanceof ArrayBuffer)) {
        throw new CallError('bad-server-message', 'The server sent text where msgpack belongs. Reload the page.');
      }
      message = parseServerMessage(new Uint8Array(data));
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      this.end(error);
      return;
    }
    if (message.type === 'error') {
      this.end(new CallError(message.code, message.message));
    } else {
      this.listener?.onMessage(message);
    }
  }

  private end(cause: CallError): void {
    const listener = this.listener;
    this.close();
    listener?.onClosed(cause);
  }
}
