// How bringing a model goes on, told at most ten times a second: bytes, a rate over the last seconds, files, time left.
import type { LoadProgress } from "../protocol";

const WINDOW = 5_000;
const INTERVAL = 100;

export class Meter {
  private done = 0;
  private files = { done: 0, total: 0 };
  private readonly marks: { time: number; done: number }[] = [];
  private told = 0;
  private retrying = { until: 0, reason: "" };

  constructor(
    private readonly phase: LoadProgress["phase"],
    private total: number,
    private readonly tell: (progress: LoadProgress) => void,
  ) {}

  /** Bytes that are to come and were not known of, or fewer than was thought. */
  expect(bytes: number): void {
    this.total += bytes;
  }

  countFiles(done: number, total: number): void {
    this.files = { done, total };
    this.report(true);
  }

  /** Bytes that came; negative for those that were thrown away. */
  add(bytes: number): void {
    this.done += bytes;
    this.report(this.done >= this.total);
  }

  /** A file is asked for again after so many seconds; told until then, whatever else goes on. */
  retry(seconds: number, reason: string): void {
    this.retrying = { until: performance.now() + seconds * 1000, reason };
    this.report(true);
  }

  private progress(): LoadProgress {
    const { phase, done } = this;
    const total = Math.max(this.total, done);
    const { until, reason } = this.retrying;
    const seconds = (until - performance.now()) / 1000;
    return {
      phase,
      done,
      total,
      ...(this.files.total > 0 ? { files: this.files } : {}),
      ...(seconds > 0 ? { retry: { seconds, reason } } : {}),
    };
  }

  private report(now: boolean): void {
    const time = performance.now();
    if (!now && time - this.told < INTERVAL) return;
    this.told = time;
    this.marks.push({ time, done: this.done });
    while (this.marks.length > 2 && time - this.marks[0]!.time > WINDOW) this.marks.shift();
    const first = this.marks[0]!;
    const rate = time > first.time ? ((this.done - first.done) * 1000) / (time - first.time) : 0;
    const progress = this.progress();
    if (rate > 0) Object.assign(progress, { rate, secondsLeft: (progress.total - this.done) / rate });
    this.tell(progress);
  }
}
