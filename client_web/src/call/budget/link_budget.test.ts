import { describe, expect, it } from 'vitest';
import { DEFAULT_BUDGET, LinkBudget } from './link_budget';

const SECOND = 1_000;

describe('LinkBudget', () => {
  it('asks little of a good link, and lets a keyframe go out at once to who waits for it', () => {
    expect(new LinkBudget().allocate(0)).toEqual({
      voiceKbps: 6,
      packetMs: null,
      redundancy: 0,
      keyframeKbps: 3,
      sliceKbps: 24,
      urgentSliceKbps: 150,
      sliceBytes: 500,
    });
  });

  it('gives voice and keyframes more where more is allowed', () => {
    const { voiceKbps, keyframeKbps } = new LinkBudget({ ...DEFAULT_BUDGET, ceilingKbps: 100 }).allocate(0);
    expect(voiceKbps).toBe(16);
    expect(keyframeKbps).toBeGreaterThan(40);
  });

  it('falls below what arrives as soon as packets wait, nearly stops keyframes while they wait long, and probes upwards', () => {
    const budget = new LinkBudget({ ...DEFAULT_BUDGET, ceilingKbps: 100 });
    budget.noteSent(60);
    budget.noteReception(2, { lost: 0, late: 350, kbps: 20 }, 10 * SECOND);
    expect(budget.estimateKbps).toBeCloseTo(17);
    expect(budget.allocate(10 * SECOND)).toMatchObject({ voiceKbps: 6, packetMs: 120, sliceKbps: 2, sliceBytes: 250 });
    budget.noteReception(2, { lost: 0, late: 0, kbps: 15 }, 11 * SECOND);
    const later = budget.allocate(25 * SECOND);
    expect(budget.estimateKbps).toBeCloseTo(17 * 1.08 ** 15, 0);
    expect(later.sliceKbps).toBeGreaterThan(3);
    budget.allocate(300 * SECOND);
    expect(budget.estimateKbps).toBeNull();
  });

  it('sends much less at once when packets begin to be late and much is being sent', () => {
    const budget = new LinkBudget({ ...DEFAULT_BUDGET, ceilingKbps: 100 });
    budget.noteSent(65);
    budget.noteOwnLateness(0, 130, 0);
    expect(budget.allocate(0).sliceKbps).toBe(2);
    expect(budget.estimateKbps).toBeNull();
    budget.noteOwnLateness(0, 180, 100);
    expect(budget.estimateKbps).toBeCloseTo(26);
    expect(budget.allocate(100)).toMatchObject({ voiceKbps: 8, packetMs: 120 });
    const frugal = new LinkBudget();
    frugal.noteSent(20);
    frugal.noteReception(2, { lost: 0, late: 150, kbps: 20 }, 0);
    expect(frugal.estimateKbps).toBeNull();
  });

  it('does not take its own machine, when that is busy, for a thin link', () => {
    const budget = new LinkBudget({ ...DEFAULT_BUDGET, ceilingKbps: 100 });
    budget.noteSent(65);
    budget.noteBusy(SECOND);
    budget.noteOwnLateness(150, 180, 0);
    budget.noteOwnLateness(150, 180, 100);
    budget.noteReception(2, { lost: 0, late: 200, kbps: 20 }, 500);
    expect(budget.estimateKbps).toBeNull();
    budget.noteReception(2, { lost: 0, late: 450, kbps: 20 }, 600);
    expect(budget.estimateKbps).toBeCloseTo(17);
  });

  it('does not fall further while the queue empties', () => {
    const budget = new LinkBudget();
    budget.noteSent(24);
    budget.noteReception(2, { lost: 0, late: 300, kbps: 18 }, 0);
    budget.noteReception(2, { lost: 0, late: 340, kbps: 15 }, SECOND);
    expect(budget.estimateKbps).toBeCloseTo(15.3);
    budget.noteReception(2, { lost: 0, late: 500, kbps: 15 }, 1.5 * SECOND);
    expect(budget.estimateKbps).toBe(14);
  });

  it('takes long packets on a thin link, and does not change back at once', () => {
    const budget = new LinkBudget({ ...DEFAULT_BUDGET, ceilingKbps: 100 });
    budget.noteSent(40);
    budget.noteReception(2, { lost: 0, late: 200, kbps: 30 }, 0);
    expect(budget.allocate(0).packetMs).toBe(120);
    expect(budget.allocate(7 * SECOND).packetMs).toBe(120);
    expect(budget.allocate(20 * SECOND).packetMs).toBeNull();
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
