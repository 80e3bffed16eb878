// Node has no Web Locks: one after the other is what they give.
export function oneAfterTheOther(): void {
  let queue: Promise<unknown> = Promise.resolve();
  Object.defineProperty(navigator, "locks", {
    configurable: true,
    value: {
      request: (_name: string, ...rest: unknown[]) => {
        const run = rest.at(-1) as () => Promise<unknown>;
        return (queue = queue.then(run, run));
      },
    },
  });
}
