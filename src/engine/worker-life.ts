// How a worker lets the page know that it lives: it holds a Web Lock for as long as its thread does.
import type { Sign } from "./calls";

/** The lock is never released while this thread lives: whoever is granted it next knows that the thread is gone. */
export function announceLife(post: (sign: Sign) => void): void {
  const lifeLock = `islet-worker-${crypto.randomUUID()}`;
  void navigator.locks.request(lifeLock, () => {
    post({ kind: "ready", lifeLock });
    return new Promise<never>(() => {});
  });
}
