// Who may use the engines, and when: one at a time, a person before a task, a task before work in the background, and first come, first served
// among equals. Pure. Not for: what is done then (runs.svelte.ts).

/** From the most urgent on. `task`: several runs that a person started and waits for; `background`: gives way as soon as one is wanted. */
const priorities = ["person", "task", "background"] as const;
export type Priority = (typeof priorities)[number];

/** Why work in the background ended: something more urgent came. */
export const overtaken = new DOMException("something more urgent came", "AbortError");

interface Entry {
  priority: Priority;
  begin(): void;
  /** Ends what is under way for something more urgent. */
  giveWay(): void;
}

const rank = ({ priority }: Entry) => priorities.indexOf(priority);

export class RunQueue {
  private running: Entry | undefined;
  private waiting: Entry[] = [];

  /**
   * Does `work` when it is its turn; the signal that it gets is aborted with `signal`, or with `overtaken`. Rejects as the work does, or with the
   * reason of `signal` where that is aborted before its turn: then nothing is done.
   */
  async run<T>(priority: Priority, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const overtaking = new AbortController();
    const entry: Entry = {
      priority,
      begin: () => {},
      giveWay: () => priority === "background" && overtaking.abort(overtaken),
    };
    await this.turn(entry, signal);
    try {
      return await work(AbortSignal.any([signal, overtaking.signal]));
    } finally {
      this.running = undefined;
      this.next();
    }
  }

  private turn(entry: Entry, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.waiting = this.waiting.filter((other) => other !== entry);
        reject(signal.reason as DOMException);
      };
      entry.begin = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      signal.addEventListener("abort", leave, { once: true });
      this.waiting.push(entry);
      if (this.running && rank(this.running) > rank(entry)) this.running.giveWay();
      this.next();
    });
  }

  private next(): void {
    if (this.running || this.waiting.length === 0) return;
    const first = this.waiting.reduce((best, entry) => (rank(entry) < rank(best) ? entry : best));
    this.waiting = this.waiting.filter((entry) => entry !== first);
    this.running = first;
    first.begin();
  }
}
