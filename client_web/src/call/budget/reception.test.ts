import { describe, expect, it } from 'vitest';
import { ArrivalDelay } from './arrival_delay';
import { PacketLoss } from './packet_loss';
import { ReceptionWatch } from './reception';

describe('ArrivalDelay', () => {
  it('counts a queue, not the jitter of single bundles', () => {
    const delay = new ArrivalDelay(10, 2 ** 24);
    for (let number = 0; number < 10; number += 1) delay.add(12 * number, 1_000 + 120 * number);
    expect(delay.lateMs).toBe(0);
    delay.add(120, 1_000 + 1_200 + 150);
    expect(delay.lateMs).toBe(0);
    delay.add(132, 1_000 + 1_320 + 130);
    expect(delay.lateMs).toBe(130);
  });

  it('knows how long nearly all packets take beyond the fastest', () => {
    const delay = new ArrivalDelay(10, 2 ** 24);
    const heldUp = [0, 30, 60, 20, 10, 60, 0, 0, 60, 400];
    for (let round = 0; round < 4; round += 1) {
      heldUp.forEach((ms, number) => {
        const packet = 10 * round + number;
        delay.add(12 * packet, 120 * packet + (round > 0 && ms === 400 ? 0 : ms));
      });
    }
    expect(delay.jitterMs).toBe(60);
  });

  it('goes on where the ticks begin anew', () => {
    const delay = new ArrivalDelay(10, 2 ** 24);
    delay.add(2 ** 24 - 6, 0);
    delay.add(6, 120);
    delay.add(18, 290);
    delay.add(30, 410);
    delay.add(42, 530);
    expect(delay.lateMs).toBe(50);
  });
});

describe('ReceptionWatch', () => {
  it('has nothing to say of a good link', () => {
    const watch = new ReceptionWatch();
    for (let number = 0; number < 100; number += 1) {
      watch.noteBundle(12 * number, 120 * number);
      expect(watch.due(15, 120 * number)).toBeNull();
    }
  });

  it('reports a queue at once, again while it lasts, and when it is gone', () => {
    const watch = new ReceptionWatch();
    const delays = [0, 0, 120, 240, 360, 0, 0, 0, 0, 0];
    const reports = delays.map((delayMs, number) => {
      watch.noteBundle(12 * number, 120 * number + delayMs);
      return watch.due(20, 120 * number + delayMs)?.late ?? null;
    });
    expect(reports).toEqual([null, null, null, 120, null, null, null, null, 0, null]);
  });

  it('does not report a sender whose microphone or camera stood still', () => {
    const watch = new ReceptionWatch();
    for (let number = 0; number < 20; number += 1) {
      const heldUpMs = number > 10 ? 200 : 0;
      watch.noteVoice({ timestamp: 2 ** 32 - 9_600 + 5_760 * number, atMs: 120 * number + heldUpMs });
      watch.noteBundle(12 * number, 120 * number);
      expect(watch.due(15, 120 * number)).toBeNull();
    }
  });

  it('reports losses that changed', () => {
    const watch = new ReceptionWatch();
    watch.noteLoss(0.3);
    expect(watch.due(15, 2_000)).toEqual({ lost: 30, late: 0, kbps: 15 });
    watch.noteLoss(0.28);
    expect(watch.due(15, 4_000)).toBeNull();
    expect(watch.due(15, 12_000)?.lost).toBe(28);
    watch.noteLoss(0);
    expect(watch.due(15, 14_000)?.lost).toBe(0);
  });
});

describe('PacketLoss', () => {
  const report = (lost: number, received: number, fractionLost: number, timestamp: number): [string, unknown][] => [
    ['a', { type: 'inbound-rtp', kind: 'audio', mid: '1', packetsLost: lost, packetsReceived: received }],
    ['b', { type: 'remote-inbound-rtp', fractionLost, timestamp }],
  ];

  it('counts what each slot lost lately, and our own packets once for each report of the relay', () => {
    const losses = new PacketLoss();
    expect(losses.note(report(5, 100, 0.1, 1))).toBe(0.1);
    expect(losses.note(report(10, 115, 0.1, 1))).toBeNull();
    expect(losses.of('1')).toBe(0.25);
    expect(losses.of('2')).toBe(0);
  });
});
