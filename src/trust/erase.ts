// Erases everything that the app ever stored in this browser. Runs in a page that holds nothing open (main.ts). Not for: deleting one
// conversation or one model.
import { named } from "../platform/deployment";

/** What other tabs are told, so that they let go of the databases. */
const CHANNEL = named("islet-erase");
/** Milliseconds in which a database must be gone; another tab may hold it open until it hears of this. */
const PATIENCE = 5000;

/** What is left of the app in this browser, by name: databases, caches, files, service workers, texts of local storage. */
export async function leftovers(): Promise<string[]> {
  const [databases, cacheNames, files, workers] = await Promise.all([
    indexedDB.databases(),
    caches.keys(),
    fileNames(),
    navigator.serviceWorker?.getRegistrations() ?? [],
  ]);
  return [
    ...databases.map(({ name }) => `IndexedDB: ${name}`),
    ...cacheNames.map((name) => `Cache: ${name}`),
    ...files.map((name) => `File: ${name}`),
    ...workers.map(({ scope }) => `Service worker: ${scope}`),
    ...[...Object.keys(localStorage), ...Object.keys(sessionStorage)].map((name) => `Storage: ${name}`),
  ];
}

async function fileNames(): Promise<string[]> {
  const names: string[] = [];
  const root = await navigator.storage.getDirectory();
  for await (const name of (root as unknown as { keys(): AsyncIterable<string> }).keys()) names.push(name);
  return names;
}

function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(name);
    const late = setTimeout(resolve, PATIENCE);
    request.onsuccess = request.onerror = () => {
      clearTimeout(late);
      resolve();
    };
  });
}

/** Erases everything, and gives the names of what could not be erased, which another tab then holds. */
export async function eraseEverything(): Promise<string[]> {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage(null);
  channel.close();
  // Before the caches, so that no worker fills them again.
  for (const registration of (await navigator.serviceWorker?.getRegistrations()) ?? []) await registration.unregister();
  const root = await navigator.storage.getDirectory();
  await Promise.all([
    ...(await indexedDB.databases()).map(({ name }) => deleteDatabase(name!)),
    ...(await caches.keys()).map((name) => caches.delete(name)),
    ...(await fileNames()).map((name) => root.removeEntry(name, { recursive: true })),
  ]);
  localStorage.clear();
  sessionStorage.clear();
  return leftovers();
}

/** The page from which everything is erased takes the place of the app in this tab. */
export function openErasing(): void {
  location.hash = "/erase";
  location.reload();
}

export const isErasing = (): boolean => location.hash === "#/erase";

/** When another tab erases everything, this one lets go of what it holds. */
export function leaveWhenErased(): void {
  new BroadcastChannel(CHANNEL).addEventListener("message", () => {
    // The page that asks before it erases holds nothing open.
    openErasing();
  });
}
