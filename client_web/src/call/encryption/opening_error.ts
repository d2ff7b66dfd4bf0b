/** Why something that was received is dropped, as it is counted (docs/encryption.md, "Replay"). */
export type DropReason =
  /** Plain bytes where only sealed ones are taken. */
  | 'unsealed'
  /** Of a generation that is not here, or not any more. */
  | 'unknownKey'
  /** Has come before, or is older than the window. */
  | 'replayed'
  /** Wrong key, truncated or changed. */
  | 'forged'
  /** A key offer that nobody with this link's key made, or a wrapped key likewise. */
  | 'refusedOffers';

export type DropCounters = Record<DropReason, number>;

export function noDrops(): DropCounters {
  return { unsealed: 0, unknownKey: 0, replayed: 0, forged: 0, refusedOffers: 0 };
}

export function sumOfDrops(one: Readonly<DropCounters>, other: Readonly<DropCounters>): DropCounters {
  const sum = { ...one };
  for (const reason of Object.keys(sum) as DropReason[]) sum[reason] += other[reason];
  return sum;
}

/** What came cannot be opened and is dropped. */
export class OpeningError extends Error {
  constructor(
    readonly reason: DropReason,
    message: string,
  ) {
    super(message);
    this.name = 'OpeningError';
  }
}
