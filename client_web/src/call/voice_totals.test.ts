import { describe, expect, it } from 'vitest';
import { voiceTotals } from './voice_totals';

describe('voiceTotals', () => {
  it('adds up the voices that come, silence that was made up left out', () => {
    const voice = { type: 'inbound-rtp', kind: 'audio', totalSamplesReceived: 48_000, concealedSamples: 900 };
    const report = new Map<string, unknown>([
      ['a', { ...voice, silentConcealedSamples: 600 }],
      ['b', voice],
      ['c', { type: 'outbound-rtp', kind: 'audio', bytesSent: 700 }],
      ['d', { type: 'inbound-rtp', kind: 'audio' }],
    ]);
    expect(voiceTotals(report)).toEqual({ samples: 96_000, concealedSamples: 1_200, bytesSent: 700 });
  });

  it('is zero before there are any', () => {
    expect(voiceTotals(new Map())).toEqual({ samples: 0, concealedSamples: 0, bytesSent: 0 });
  });
});
