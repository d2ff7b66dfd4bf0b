import { describe, expect, it } from 'vitest';
import { RateWindow, wireTotals } from './wire_rate';

function report(remoteAddress: string): [string, unknown][] {
  return [
    ['T', { type: 'transport', bytesSent: 1_000, bytesReceived: 500, packetsSent: 10, packetsReceived: 5, selectedCandidatePairId: 'P' }],
    ['P', { type: 'candidate-pair', remoteCandidateId: 'R', requestsSent: 2, responsesReceived: 2, requestsReceived: 1, responsesSent: 1 }],
    ['R', { type: 'remote-candidate', address: remoteAddress }],
  ];
}

describe('wireTotals', () => {
  it('adds 28 bytes a packet over IPv4, and the connectivity checks', () => {
    expect(wireTotals(report('192.0.2.1'))).toEqual({
      sentBytes: 1_000 + 10 * 28 + 2 * (100 + 28) + (64 + 28),
      receivedBytes: 500 + 5 * 28 + (100 + 28) + 2 * (64 + 28),
    });
  });

  it('adds 48 bytes a packet over IPv6', () => {
    expect(wireTotals(report('2001:db8::1'))?.sentBytes).toBe(1_000 + 10 * 48 + 2 * (100 + 48) + (64 + 48));
  });

  it('is null without packet counts', () => {
    expect(wireTotals([])).toBeNull();
    expect(wireTotals([['T', { type: 'transport', bytesSent: 1, bytesReceived: 1 }]])).toBeNull();
  });
});

describe('RateWindow', () => {
  it('needs two samples', () => {
    const window = new RateWindow();
    expect(window.rate()).toBeNull();
    window.add(0, { sentBytes: 0, receivedBytes: 0 });
    expect(window.rate()).toBeNull();
  });

  it('gives kilobits a second', () => {
    const window = new RateWindow();
    window.add(0, { sentBytes: 0, receivedBytes: 0 });
    window.add(1_000, { sentBytes: 2_500, receivedBytes: 1_000 });
    expect(window.rate()).toEqual({ upKbps: 20, downKbps: 8 });
  });

  it('forgets what is older than five seconds', () => {
    const window = new RateWindow();
    for (let second = 0; second <= 5; second += 1) {
      window.add(second * 1_000, { sentBytes: second * 10_000, receivedBytes: 0 });
    }
    for (let second = 6; second <= 10; second += 1) {
      window.add(second * 1_000, { sentBytes: 50_000, receivedBytes: 0 });
    }
    expect(window.rate()?.upKbps).toBe(0);
  });

  it('starts over when the totals fall', () => {
    const window = new RateWindow();
    window.add(0, { sentBytes: 9_000, receivedBytes: 9_000 });
    window.add(1_000, { sentBytes: 100, receivedBytes: 100 });
    expect(window.rate()).toBeNull();
    window.add(2_000, { sentBytes: 225, receivedBytes: 100 });
    expect(window.rate()).toEqual({ upKbps: 1, downKbps: 0 });
  });
});
