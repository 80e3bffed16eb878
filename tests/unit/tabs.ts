// Tabs of one browser, simulated in Node: each runs the app's real code on one IndexedDB and one set of Web Locks, and can be killed at
// any of its steps: before a request of a transaction, at its beginning, or where it waits for the browser's cryptography. What a killed tab
// had under way is undone as a browser does it: its open transactions end, its locks are free, and it does nothing any more.
import { AsyncLocalStorage } from "node:async_hooks";

interface Held {
  name: string;
  mode: "shared" | "exclusive";
  tab: Tab | undefined;
}
interface Waiting extends Held {
  grant(): void;
}

export class Tab {
  /** Steps until it is killed. */
  private left = Infinity;
  dead = false;
  private readonly transactions = new Set<IDBTransaction>();
  private readonly requests = new Set<IDBRequest>();
  private die!: () => void;
  private readonly death = new Promise<"killed">((resolve) => (this.die = () => resolve("killed")));

  /** Runs something in this tab. "killed" when it did not live to its end. `killAt`: the step at which it is killed. */
  async run<T>(action: () => Promise<T>, killAt = Infinity): Promise<T | "killed"> {
    this.left = killAt;
    return Promise.race([here.run(this, action), this.death]);
  }

  /** Throws at the step at which it is killed, and at each one after that. */
  step(): void {
    if (this.dead) throw new Error("this tab is gone");
    if (this.left-- > 0) return;
    this.dead = true;
    // It hears of nothing any more.
    for (const request of this.requests) request.onsuccess = request.onerror = null;
    for (const transaction of this.transactions)
      try {
        transaction.oncomplete = transaction.onabort = transaction.onerror = null;
        transaction.abort();
      } catch {
        // It was over.
      }
    freeLocksOf(this);
    this.die();
    throw new Error("this tab was killed");
  }

  wait(request: IDBRequest): void {
    this.requests.add(request);
  }

  follow(transaction: IDBTransaction): void {
    this.transactions.add(transaction);
    for (const end of ["complete", "abort"])
      transaction.addEventListener(end, () => this.transactions.delete(transaction));
  }
}

const here = new AsyncLocalStorage<Tab>();
const held: Held[] = [];
let waiting: Waiting[] = [];

const free = ({ name, mode }: Held) =>
  !held.some((h) => h.name === name && (mode === "exclusive" || h.mode === "exclusive"));

/** In the order in which they were asked for; one that has to wait holds up those behind it. */
function grantLocks(): void {
  const blocked = new Set<string>();
  for (const request of waiting) {
    if (blocked.has(request.name) || !free(request)) {
      blocked.add(request.name);
      continue;
    }
    waiting = waiting.filter((w) => w !== request);
    held.push(request);
    request.grant();
  }
}

function release(lock: Held): void {
  const at = held.indexOf(lock);
  if (at >= 0) held.splice(at, 1);
  grantLocks();
}

function freeLocksOf(tab: Tab): void {
  waiting = waiting.filter((w) => w.tab !== tab);
  for (const lock of held.filter((h) => h.tab === tab)) release(lock);
}

type Callback = (lock: object | null) => Promise<unknown>;
interface Options {
  mode?: Held["mode"];
  ifAvailable?: boolean;
}

/** `request` of a LockManager, as far as the app uses it. Source: W3C Web Locks API. */
async function request(name: string, ...rest: [Callback] | [Options, Callback]): Promise<unknown> {
  const [{ mode = "exclusive", ifAvailable = false }, callback] = rest.length === 1 ? [{} as Options, rest[0]] : rest;
  const tab = here.getStore();
  tab?.step();
  const asked = { name, mode, tab };
  if (ifAvailable && !free(asked)) return callback(null);
  let lock!: Waiting;
  await new Promise<void>((resolve) => {
    waiting.push((lock = { ...asked, grant: resolve }));
    grantLocks();
  });
  try {
    tab?.step();
    return await callback({ name });
  } finally {
    release(lock);
  }
}

/** Puts the simulation in the place of Node's globals. Once, before the first tab. */
export function simulateTabs(): void {
  Object.defineProperty(navigator, "locks", { configurable: true, value: { request } });
  const { subtle } = crypto;
  for (const name of ["encrypt", "decrypt", "sign", "deriveKey", "importKey", "generateKey", "exportKey"] as const) {
    const own = (subtle[name] as (...args: unknown[]) => Promise<unknown>).bind(subtle);
    Object.defineProperty(subtle, name, {
      configurable: true,
      value: async (...args: unknown[]) => {
        here.getStore()?.step();
        const result = await own(...args);
        here.getStore()?.step();
        return result;
      },
    });
  }
  const { transaction } = IDBDatabase.prototype;
  IDBDatabase.prototype.transaction = function (...args) {
    const tab = here.getStore();
    tab?.step();
    const made = transaction.apply(this, args);
    tab?.follow(made);
    return made;
  };
  for (const name of ["put", "delete", "get", "getAll", "getAllKeys"] as const) {
    const own = IDBObjectStore.prototype[name] as (...args: unknown[]) => IDBRequest;
    Object.defineProperty(IDBObjectStore.prototype, name, {
      configurable: true,
      value: function (this: IDBObjectStore, ...args: unknown[]) {
        const tab = here.getStore();
        tab?.step();
        const request = own.apply(this, args);
        tab?.wait(request);
        return request;
      },
    });
  }
}
