/** Who has which of our newest keyframes. */

const REMEMBERED = 16;

/** Counts `keyframe-received` messages until everybody has sent one. */
export class KeyframeConfirmations {
  private readonly holders = new Map<number, Set<number>>();

  /** Notes that `participant` has the keyframe; `true` once all of `everybody` have it. */
  add(number: number, participant: number, everybody: Iterable<number>): boolean {
    const holders = this.holders.get(number) ?? new Set();
    // The numbers go round: what was noted long ago is of another keyframe.
    this.holders.delete(number);
    this.holders.set(number, holders.add(participant));
    const [oldest] = this.holders.keys();
    if (this.holders.size > REMEMBERED && oldest !== undefined) this.holders.delete(oldest);
    return [...everybody].every((id) => holders.has(id));
  }
}
