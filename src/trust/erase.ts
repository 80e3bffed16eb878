// Erases everything that this deployment ever stored in this browser, and nothing of other pages on its origin. Runs in a page that holds nothing
// open (main.ts). Not for: deleting one conversation or one model.
import { deploymentAddress, isOwnModelAddress, modelDatabases, named } from "../platform/deployment";
import { finished } from "../platform/requests";
import { deleteDatabase, LEGACY, legacyDatabase } from "../storage/legacy";
import { BLOB_DATABASE } from "../storage/blobs/chunks";
import { DATABASE } from "../storage/store";

/** The message that makes other tabs close the databases. */
const CHANNEL = named("islet-erase");

/** What is written again meanwhile is erased again: how many times, and after how many milliseconds. */
const ROUNDS = 5;
const SETTLING = 500;

/** What is left of the app in this browser, by name: databases, caches, service workers. */
export async function leftovers(): Promise<string[]> {
  const [databases, models, cacheNames, registration] = await Promise.all([
    ownDatabases(),
    modelFiles("count"),
    ownCaches(),
    ownRegistration(),
  ]);
  return [
    ...databases.map((name) => `IndexedDB: ${name}`),
    ...models.map((name) => `IndexedDB: ${name}`),
    ...cacheNames.map((name) => `Cache: ${name}`),
    ...(registration ? [`Service worker: ${registration.scope}`] : []),
  ];
}

async function ownDatabases(): Promise<string[]> {
  const names = (await indexedDB.databases()).map(({ name }) => name!);
  const legacy = (await legacyDatabase()) === "own";
  return names.filter((name) => name === DATABASE || name === BLOB_DATABASE || (legacy && name === LEGACY));
}

/** The app's own caches end in the folder's path, those of the service worker's library in its address. */
async function ownCaches(): Promise<string[]> {
  const isOwn = (name: string) => name === named(name.slice(0, name.indexOf("/"))) && name.startsWith("islet-");
  return (await caches.keys()).filter((name) => isOwn(name) || name.endsWith(`-${deploymentAddress()}`));
}

async function ownRegistration(): Promise<ServiceWorkerRegistration | undefined> {
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  return (await container?.getRegistrations())?.find(({ scope }) => scope === deploymentAddress());
}

/** Finds this deployment's model files in the databases that it shares, or removes them. Returns which had any. */
async function modelFiles(how: "count" | "remove"): Promise<string[]> {
  const there = new Set((await indexedDB.databases()).map(({ name }) => name));
  const found: string[] = [];
  for (const name of modelDatabases) {
    if (!there.has(name)) continue;
    const database = await openExisting(name);
    if (!database) continue;
    let empty = false;
    if (database.objectStoreNames.contains("urls")) {
      const store = database.transaction("urls", how === "remove" ? "readwrite" : "readonly").objectStore("urls");
      const keys = (await finished(store.getAllKeys())).map(String);
      const own = keys.filter(isOwnModelAddress);
      if (own.length > 0) found.push(name);
      empty = own.length === keys.length;
      if (how === "remove") for (const key of own) await finished(store.delete(key));
    }
    database.close();
    // An empty database counts as gone.
    if (how === "remove" && empty) await deleteDatabase(name);
    if (how === "count" && empty && !found.includes(name)) found.push(name);
  }
  return found;
}

/** Opens it in its present version; undefined where it is gone by now. */
function openExisting(name: string): Promise<IDBDatabase | undefined> {
  const opening = indexedDB.open(name);
  opening.onupgradeneeded = () => opening.transaction!.abort();
  return finished(opening).catch(() => undefined);
}

/** Erases everything, and returns the names of what could not be erased because another tab is using it. */
export async function eraseEverything(): Promise<string[]> {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage(null);
  channel.close();
  // Before the caches, so that no worker fills them again.
  await (await ownRegistration())?.unregister();
  for (let round = 1; ; round++) {
    await Promise.all([
      ...(await ownDatabases()).map(deleteDatabase),
      ...(await ownCaches()).map((name) => caches.delete(name)),
      modelFiles("remove"),
    ]);
    // A service worker that is being installed carries on for a moment.
    await new Promise((resolve) => setTimeout(resolve, SETTLING));
    const left = await leftovers();
    if (left.length === 0 || round === ROUNDS) return left;
  }
}

/** The page from which everything is erased takes the place of the app in this tab. */
export function openErasing(): void {
  location.hash = "/erase";
  location.reload();
}

export const isErasing = (): boolean => location.hash === "#/erase";

/** When another tab erases everything, this one closes its databases. */
export function leaveWhenErased(): void {
  new BroadcastChannel(CHANNEL).addEventListener("message", () => {
    // The page that asks before it erases holds nothing open.
    openErasing();
  });
}
