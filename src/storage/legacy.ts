// Records of versions whose database did not carry the folder of the deployment ("islet"): they are taken over once, before anything else
// reads records. Another deployment on this origin may still use that database; then it stays.
import { get, promisifyRequest, set } from "idb-keyval";
import { toHex } from "../platform/encoding";
import type { RecordKey, StoredRecord } from "./forms";
import { DROPPED_KIND, type Records } from "./records";
import { ADOPTED, entriesOf, guarded, openStore, VAULT } from "./store";
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
  // Who has nothing to do there waits for nobody.
  if (there === "none" || (there === "shared" && !(await isToTake()))) return;
  await whileOldTabsLeave(async () => {
    // Only now: another tab may have done it meanwhile, and hold the records open.
    if (await isToTake()) await navigator.locks.request(recordsLock, copy);
    if (there === "own") await removeTaken();
  });
}

/**
 * Takes over what an older version wrote since: one that was still open in another tab, or that the site went back to for a while. What is here
 * stays as it is. What lies there encrypted stays there, since its passphrase is another. Throws AppError.
 */
export async function takeLeft(records: Records): Promise<void> {
  if ((await legacyDatabase()) !== "own" || !(await get(ADOPTED, openStore()))) return;
  await whileOldTabsLeave(async () => {
    const old = await guarded(oldEntries);
    if (old.some(([name]) => name === VAULT) && !(await isTaken(old))) return;
    if (!(await isTaken(old))) {
      const missing: [RecordKey, StoredRecord][] = [];
      for (const [name, value] of old)
        if (keptKinds.test(name) && !(await records.has(name as RecordKey)))
          missing.push([name as RecordKey, value as StoredRecord]);
      await records.writeAll(missing);
      await guarded(async () => set(ADOPTED, await takenNow(old), openStore()));
    }
    await removeTaken();
  });
}

/** Of what an older version wrote since: what a person made. Settings and logs are those of here. */
const keptKinds = /^(conversation|message|added-model):/;

/** What says that these entries were taken over. */
async function takenNow(entries: readonly [string, unknown][]): Promise<{ version: 1; taken: string }> {
  return { version: 1, taken: await digestOf(entries) };
}

/** Whether exactly these entries were taken over. */
async function isTaken(entries: readonly [string, unknown][]): Promise<boolean> {
  const adopted = await guarded(() => get<{ taken?: unknown }>(ADOPTED, openStore()));
  return adopted !== undefined && (entries.length === 0 || adopted.taken === (await digestOf(entries)));
}

/** Tells one state of the old database from another. What is encrypted is told by its `iv`, which is another for each writing. */
async function digestOf(entries: readonly [string, unknown][]): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(entries));
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

/** Deletes the old database where everything in it was taken over. */
async function removeTaken(): Promise<void> {
  if (!(await isTaken(await guarded(oldEntries)))) return;
  await deleteDatabase(LEGACY);
  if ("caches" in globalThis) await caches.delete("islet-policy");
}

/** Does something while no tab of an older version has its records open. */
async function whileOldTabsLeave(act: () => Promise<void>): Promise<void> {
  const channel = new BroadcastChannel(LEGACY_CHANNEL);
  channel.postMessage({ kind: "leave" });
  channel.close();
  await navigator.locks.request(LEGACY_LOCK, act);
}

/** Nothing is kept open, which would hold up the deletion. */
async function oldEntries(): Promise<[string, unknown][]> {
  const opening = indexedDB.open(LEGACY);
  // It is gone meanwhile, and is not to come back empty.
  opening.onupgradeneeded = () => opening.transaction!.abort();
  const database = await promisifyRequest(opening).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === "AbortError") return undefined;
    throw error;
  });
  if (!database) return [];
  try {
    if (!database.objectStoreNames.contains("records")) return [];
    return await entriesOf(database.transaction("records").objectStore("records"));
  } finally {
    database.close();
  }
}

/** Whether this deployment has no records of its own yet. */
async function isToTake(): Promise<boolean> {
  return !begun(await guarded(() => openStore()("readonly", (s) => promisifyRequest(s.getAllKeys()))));
}

/** The service worker writes before the first page does. */
const begun = (names: readonly IDBValidKey[]): boolean =>
  names.some((name) => !String(name).startsWith(`${DROPPED_KIND}:`) && !String(name).startsWith(DROPPED));

/** All or nothing; and nothing where this deployment has records of its own. */
async function copy(): Promise<void> {
  const old = await guarded(oldEntries);
  const taken = await takenNow(old);
  await guarded(() =>
    openStore()("readwrite", async (s) => {
      if (begun(await promisifyRequest(s.getAllKeys()))) return;
      for (const [name, value] of old) s.put(value, name);
      s.put(taken, ADOPTED);
      return new Promise<void>((resolve, reject) => {
        s.transaction.oncomplete = () => resolve();
        s.transaction.onabort = () => reject(s.transaction.error ?? new Error("aborted"));
      });
    }),
  );
}
