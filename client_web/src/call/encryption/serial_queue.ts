/** Runs asynchronous tasks one after the other, in the order in which they were given. */
export class SerialQueue {
  private last: Promise<unknown> = Promise.resolve();

  /** @param onError takes what a task throws; the next one runs all the same. */
  constructor(private readonly onError: (error: unknown) => void) {}

  run(task: () => Promise<void> | void): void {
    this.last = this.last.then(task).catch(this.onError);
  }
}
