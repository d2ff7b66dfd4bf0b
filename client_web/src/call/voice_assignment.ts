/** Which participant's voice comes on which track: the server's word on slots, joined with the tracks that are there. */
export class VoiceAssignment {
  private readonly tracks = new Map<string, MediaStreamTrack>();
  private readonly voices = new Map<number, MediaStreamTrack>();
  /** Slots whose voice waits for its speaker's picture. */
  readonly delayed = new Set<string>();
  private assigned: ReadonlyMap<string, number | null> = new Map();

  /** @param report learns of each participant's track, or that there is none any more (`null`). */
  constructor(private readonly report: (id: number, track: MediaStreamTrack | null) => void) {}

  /** Takes the server's word on whose voice each slot (transceiver `mid`) carries. */
  setSlots(slots: ReadonlyMap<string, number | null>): void {
    this.assigned = slots;
    this.delayed.clear();
    this.assign();
  }

  addTrack(mid: string, track: MediaStreamTrack): void {
    this.tracks.set(mid, track);
    this.assign();
  }

  /** Whose voice each slot (transceiver `mid`) carries, as the server says. */
  get slots(): ReadonlyMap<string, number | null> {
    return this.assigned;
  }

  /** Whose voice the slot carries; `null` for nobody's. */
  speaker(mid: string): number | null {
    return this.assigned.get(mid) ?? null;
  }

  /** The slot that carries this participant's voice; `null` if none does. */
  slotOf(id: number): string | null {
    for (const [mid, speaker] of this.assigned) if (speaker === id) return mid;
    return null;
  }

  /** Whether a slot carries this participant's voice. */
  hears(id: number): boolean {
    return this.slotOf(id) !== null;
  }

  private assign(): void {
    const heard = new Map<number, MediaStreamTrack>();
    for (const [mid, id] of this.assigned) {
      const track = this.tracks.get(mid);
      if (id !== null && track !== undefined) heard.set(id, track);
    }
    for (const id of this.voices.keys()) {
      if (!heard.has(id)) {
        this.voices.delete(id);
        this.report(id, null);
      }
    }
    for (const [id, track] of heard) {
      if (this.voices.get(id) !== track) {
        this.voices.set(id, track);
        this.report(id, track);
      }
    }
  }
}
