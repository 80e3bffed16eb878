// The Content-Security-Policy that a worker's own script came with: what binds it for as long as it lives. Browsers do not reveal it, so each
// worker reads it once when it starts, and holds a lock named after it, so that pages can see it however busy the worker is. Not for: what the
// policy should be (policy-judgement.ts).
import { named } from "../platform/deployment";
import type { NetworkRules } from "./rules/network-rules";
import { holdsConnections } from "./rules/policy-judgement";

export const CSP = "Content-Security-Policy";
/** Where the service worker keeps the header of its own script, as it was when it was installed. */
export const OWN_HEADERS = named("islet-own-headers");
const LOCK = `${named("islet-own-policy")} `;

/** What a running worker is bound by. */
export interface RunningWorker {
  place: string;
  header: string | null;
}

/** "store-worker" for the address of its script; undefined for other addresses. */
export function workerPlace(address: string): string | undefined {
  return /\/([a-z0-9-]+-worker)-[^/]*[.]js$/.exec(address)?.[1];
}

let own: Promise<string | null> | undefined;

/** The header of this worker's script. What it came with a moment ago is what the worker was started with. */
function ownHeader(): Promise<string | null> {
  return (own ??= fetch(location.href, { cache: "force-cache" }).then(
    ({ headers }) => headers.get(CSP),
    () => null,
  ));
}

/** To be called by a worker when it begins. */
export function tellOwnPolicy(): void {
  const hold = async () => {
    const worker: RunningWorker = { place: workerPlace(location.href) ?? location.pathname, header: await ownHeader() };
    await navigator.locks.request(LOCK + JSON.stringify(worker), { mode: "shared" }, () => new Promise(() => {}));
  };
  void hold().catch(() => {});
}

/** The workers of all tabs that are running now. */
export async function runningWorkers(): Promise<RunningWorker[]> {
  // A page that came over plain HTTP has no locks, and starts no worker that holds one.
  const locks = navigator.locks as LockManager | undefined;
  const { held = [] } = (await locks?.query()) ?? {};
  const told = held.flatMap(({ name }) => (name?.startsWith(LOCK) ? name.slice(LOCK.length) : []));
  return told.map((text) => JSON.parse(text) as RunningWorker);
}

/**
 * Whether the browser refuses this worker everything that `rules` do not name. Where it does not, no redirect may be followed: only the browser
 * sees where one leads before it is there. A page that was not built has no policy at all.
 */
export async function browserHolds(rules: NetworkRules): Promise<boolean> {
  return import.meta.env.DEV || holdsConnections(await ownHeader(), rules, location.origin);
}
