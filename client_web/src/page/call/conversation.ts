import { computed, signal } from '@preact/signals';

/** One line of the chat; `from` is `null` for our own. */
export interface Line {
  id: number;
  from: string | null;
  text: string;
  at: Date;
}

const KEPT_LINES = 500;

/** What was written in this call since we came, and how much of it was not read yet. */
export class Conversation {
  readonly lines = signal<readonly Line[]>([]);
  readonly isOpen = signal(false);
  private readonly readUpTo = signal(0);
  readonly unread = computed(() => this.lines.value.filter(({ id }) => id >= this.readUpTo.value).length);
  private nextId = 0;

  add(from: string | null, text: string): void {
    const line: Line = { id: this.nextId++, from, text, at: new Date() };
    this.lines.value = [...this.lines.value, line].slice(-KEPT_LINES);
    if (from === null || this.isOpen.value) this.readUpTo.value = this.nextId;
  }

  /** The lines are in view, or no longer. */
  setOpen(open: boolean): void {
    this.isOpen.value = open;
    if (open) this.readUpTo.value = this.nextId;
  }
}
