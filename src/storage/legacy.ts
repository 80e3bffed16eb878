// Records of versions whose database did not carry the folder of the deployment ("islet"): they are taken over once, before anything else
// reads records. Another deployment on this origin may still use that database; then it stays.
import { get, promisifyRequest } from "idb-keyval";
import { DROPPED_KIND } from "./records";
import { ADOPTED, entriesOf, guarded, openStore } from "./store";
import { DROPPED } from "./vault/cipher";
import { recordsLock } from "./vault/vault-store";

export const LEGACY = "islet";
/** What tabs of those versions held while they had records open, and the channel on which they were asked to let go. */
const LEGACY_LOCK = "islet-records-open";
const LEGACY_CHANNEL = "islet-vault";
/** Milliseconds in which a database must be gone; another tab may hold it open. */
const PATIENCE = 5_000;

/** Whether that database is there, and whether it is this deployment's alone, as far as the browser can tell. */
export async function legacyDatabase(): Promise<"none" | "own" | "shared"> {
  if (!(await indexedDB.databases()).some(({ name }) => name === LEGACY)) return "none";
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  const registrations = (await container?.getRegistrations()) ?? [];
  const own = new URL(".", document.baseURI).href;
  const others = registrations.filter(
    ({ scope, active }) => scope !== own && active?.scriptURL === `${scope}service-worker.js`,
  );
  return others.length > 0 ? "shared" : "own";
}

/** Deletes a database. Gives up after a while where another tab holds it open. */
export function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(name);
    const late = setTimeout(resolve, PATIENCE);
    request.onsuccess = request.onerror = () => {
      clearTimeout(late);
      resolve();
    };
  });
}

/** Takes the records over where that was not done. Throws AppError; then nothing was changed. */
export async function adoptLegacy(): Promise<void> {
  const there = await legacyDatabase();
  if (there === "none") return;
  const channel = new BroadcastChannel(LEGACY_CHANNEL);
  channel.postMessage({ kind: "leave" });
  channel.close();
  await navigator.locks.request(LEGACY_LOCK, () => navigator.locks.request(recordsLock, copy));
  if (there === "shared" || !(await get(ADOPTED, openStore()))) return;
  await deleteDatabase(LEGACY);
  if ("caches" in globalThis) await caches.delete("islet-policy");
}

/** Nothing is kept open, which would hold up the deletion. */
async function oldEntries(): Promise<[string, unknown][]> {
  const database = await promisifyRequest(indexedDB.open(LEGACY));
  try {
    if (!database.objectStoreNames.contains("records")) return [];
    return await entriesOf(database.transaction("records").objectStore("records"));
  } finally {
    database.close();
  }
}

/** All or nothing; and nothing where this deployment has records of its own. */
async function copy(): Promise<void> {
  const own = openStore();
  const old = await guarded(oldEntries);
  await guarded(() =>
    own("readwrite", async (s) => {
      // The service worker writes before the first page does.
      const begun = (await entriesOf(s)).some(
        ([name]) => !name.startsWith(`${DROPPED_KIND}:`) && !name.startsWith(DROPPED),
      );
      if (begun) return;
      for (const [name, value] of old) s.put(value, name);
      s.put({ version: 1 }, ADOPTED);
      return new Promise<void>((resolve, reject) => {
        s.transaction.oncomplete = () => resolve();
        s.transaction.onabort = () => reject(s.transaction.error ?? new Error("aborted"));
      });
    }),
  );
}
