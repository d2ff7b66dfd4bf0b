import { describe, expect, it } from 'vitest';
import { DEFAULT_BUDGET, LinkBudget } from './link_budget';

const SECOND = 1_000;

describe('LinkBudget', () => {
  it('asks little of a good link, and lets a keyframe go out at once', () => {
    expect(new LinkBudget().allocate(0)).toEqual({
      voiceKbps: 6,
      redundancy: 0,
      keyframeKbps: 3,
      sliceKbps: 150,
      sliceBytes: 1_000,
    });
  });

  it('gives voice and keyframes more where more is allowed', () => {
    const { voiceKbps, keyframeKbps } = new LinkBudget({ ...DEFAULT_BUDGET, ceilingKbps: 100 }).allocate(0);
    expect(voiceKbps).toBe(32);
    expect(keyframeKbps).toBeGreaterThan(40);
  });

  it('falls below what arrives as soon as packets wait, stops keyframes while they wait long, and probes upwards', () => {
    const budget = new LinkBudget({ ...DEFAULT_BUDGET, ceilingKbps: 100 });
    budget.noteSent(60);
    budget.noteReception(2, { lost: 0, late: 350, kbps: 20 }, 10 * SECOND);
    expect(budget.estimateKbps).toBeCloseTo(17);
    expect(budget.allocate(10 * SECOND)).toMatchObject({ voiceKbps: 6, sliceKbps: 0, sliceBytes: 250 });
    budget.noteReception(2, { lost: 0, late: 0, kbps: 15 }, 11 * SECOND);
    const later = budget.allocate(25 * SECOND);
    expect(budget.estimateKbps).toBeCloseTo(17 * 1.05 ** 15, 0);
    expect(later.sliceKbps).toBeGreaterThan(3);
    budget.allocate(300 * SECOND);
    expect(budget.estimateKbps).toBeNull();
  });

  it('sends again what is lost on either hop, as long as losses are reported', () => {
    const budget = new LinkBudget();
    budget.noteReception(2, { lost: 10, late: 0, kbps: 15 }, 0);
    expect(budget.allocate(0).redundancy).toBe(1);
    budget.noteUplinkLoss(30, SECOND);
    expect(budget.allocate(SECOND).redundancy).toBe(2);
    expect(budget.allocate(20 * SECOND).redundancy).toBe(0);
  });

  it('does not take a busy machine for a thin link: all that was sent arrives', () => {
    const budget = new LinkBudget();
    budget.noteSent(20);
    budget.noteReception(2, { lost: 30, late: 150, kbps: 14 }, 0);
    expect(budget.estimateKbps).toBeNull();
    expect(budget.allocate(0).redundancy).toBe(2);
  });

  it('sends nothing again that the link has no room for', () => {
    const budget = new LinkBudget();
    budget.noteReception(2, { lost: 20, late: 500, kbps: 14 }, 0);
    expect(budget.allocate(0).redundancy).toBe(0);
  });
});
