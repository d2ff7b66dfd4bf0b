import type { FromPlayer, PlayerRequest, PlayerRequests, ToPlayer } from './player_messages';

/** What the player's worker could not do, in its words. */
export class PlayerError extends Error {}

/** The page's end of the player's worker. */
export class PlayerClient {
  /** Hears how far an export is, 0 to 1. */
  onProgress: (share: number) => void = () => {};
  private readonly worker = new Worker(new URL('./player.worker.ts', import.meta.url), { type: 'module' });
  private readonly waiting = new Map<number, { resolve: (give: never) => void; reject: (error: PlayerError) => void }>();
  private nextNumber = 0;

  constructor() {
    this.worker.onmessage = ({ data }: MessageEvent<FromPlayer>) => this.receive(data);
    this.worker.onerror = ({ message }) => {
      for (const { reject } of this.waiting.values()) reject(new PlayerError(message));
      this.waiting.clear();
    };
  }

  /** Rejects with `PlayerError`. */
  ask<Name extends PlayerRequest>(
    name: Name,
    take: PlayerRequests[Name]['take'],
    transfer: Transferable[] = [],
  ): Promise<PlayerRequests[Name]['give']> {
    const number = this.nextNumber++;
    return new Promise((resolve, reject) => {
      this.waiting.set(number, { resolve, reject });
      this.worker.postMessage({ number, name, take } as ToPlayer, transfer);
    });
  }

  close(): void {
    this.worker.terminate();
    this.waiting.clear();
  }

  private receive(message: FromPlayer): void {
    if (message.type === 'progress') {
      this.onProgress(message.share);
      return;
    }
    const waiting = this.waiting.get(message.number);
    this.waiting.delete(message.number);
    if (message.type === 'answer') waiting?.resolve(message.give as never);
    else waiting?.reject(new PlayerError(message.message));
  }
}
