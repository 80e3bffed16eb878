// Node has no Web Locks: one after the other is what they give.
export function oneAfterTheOther(): void {
  let queue: Promise<unknown> = Promise.resolve();
  Object.defineProperty(navigator, "locks", {
    configurable: true,
    value: { request: (_name: string, run: () => Promise<unknown>) => (queue = queue.then(run, run)) },
  });
}
