import { describe, expect, it } from 'vitest';
import { BundleSender, type BundleTransport } from './transport';

class Recorder implements BundleTransport {
  readonly sent: number[] = [];
  send([number]: Uint8Array): void {
    this.sent.push(number ?? -1);
  }
}

describe('BundleSender', () => {
  it('uses the thin transport while everybody reads it', () => {
    const channel = new Recorder();
    const thin = new Recorder();
    const sender = new BundleSender(channel, thin);
    sender.send(Uint8Array.of(1), [7]);
    sender.note(7, true);
    sender.send(Uint8Array.of(2), [7]);
    sender.send(Uint8Array.of(3), [7, 8]);
    sender.note(8, true);
    sender.send(Uint8Array.of(4), [7, 8]);
    sender.note(7, false);
    sender.send(Uint8Array.of(5), [7, 8]);
    expect([channel.sent, thin.sent]).toEqual([
      [1, 3, 5],
      [2, 4],
    ]);
  });

  it('uses the data channel where there is no other', () => {
    const channel = new Recorder();
    const sender = new BundleSender(channel, null);
    sender.note(7, true);
    sender.send(Uint8Array.of(1), [7]);
    expect(channel.sent).toEqual([1]);
  });
});
