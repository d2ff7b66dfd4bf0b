import { signal } from '@preact/signals';

/** Where a person stands who would see the others through the server (docs/rendering.md). */
export type ServerViewStage = 'unwanted' | 'asked' | 'accepted';

/** The person's word that the server may see the faces: nobody joins a call in this mode before it is given. */
export class ServerView {
  readonly stage = signal<ServerViewStage>('unwanted');
  /** Resolves when the page may go on: accepted, or never wanted. */
  readonly settled: Promise<void>;
  private resolve: () => void = () => {};

  constructor(wanted: boolean) {
    this.settled = new Promise((resolve) => (this.resolve = resolve));
    if (wanted) this.stage.value = 'asked';
    else this.resolve();
  }

  /** The person has read what it means and accepts. */
  accept(): void {
    this.stage.value = 'accepted';
    this.resolve();
  }
}

/** The address of this page with the others seen through the server, or drawn in this browser. */
export function addressWith(decoder: 'browser' | 'server', address: string): string {
  const url = new URL(address);
  if (decoder === 'server') url.searchParams.set('decoder', 'server');
  else url.searchParams.delete('decoder');
  return url.href;
}
