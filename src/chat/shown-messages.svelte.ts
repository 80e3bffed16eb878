// Which messages of a long conversation are drawn: a window of it, which follows its end until a person looks further back. Not for: scrolling.

/** By how many messages the window grows or moves. */
const STEP = 50;
/** The most messages that are drawn. */
const MOST = 200;

export class ShownMessages {
  /** How many messages the window shows, and the one it ends before; null: it follows the end. */
  private size = $state(STEP);
  private end = $state<number | null>(null);

  /** `count`: how many messages the conversation has. */
  constructor(private readonly count: () => number) {}

  /** The first message that is drawn, and the one that the window ends before, from 0. */
  get from(): number {
    return Math.max(0, this.to - this.size);
  }
  get to(): number {
    return Math.min(this.end ?? Infinity, this.count());
  }

  toEnd(): void {
    this.size = STEP;
    this.end = null;
  }

  toBeginning(): void {
    this.size = STEP;
    this.end = STEP;
  }

  earlier(): void {
    const from = Math.max(0, this.from - STEP);
    this.show(from, Math.min(this.to, from + MOST));
  }

  later(): void {
    const to = Math.min(this.count(), this.to + STEP);
    this.show(Math.max(this.from, to - MOST), to);
  }

  private show(from: number, to: number): void {
    this.size = to - from;
    this.end = to === this.count() ? null : to;
  }
}
