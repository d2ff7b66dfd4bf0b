const SEQUENCES = 65_536;

/** Whether somebody speaks, as the newest of their bundles says (docs/wire-format.md, "Bundle"). */
export class VoiceFlag {
  active = false;
  private newest: number | null = null;

  /** Reads a bundle's first three bytes: nothing else of it is of use where nothing is decoded. */
  read(bundle: Uint8Array): void {
    const [versionAndFlags, high, low] = bundle;
    if (versionAndFlags === undefined || high === undefined || low === undefined) return;
    const sequence = (high << 8) | low;
    const ahead = this.newest === null ? 1 : (sequence - this.newest + SEQUENCES) % SEQUENCES;
    if (ahead === 0 || ahead >= SEQUENCES / 2) return;
    this.newest = sequence;
    this.active = (versionAndFlags & 1) === 1;
  }
}
