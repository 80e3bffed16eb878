// The databases in which WebLLM keeps models (`cacheBackend: "indexeddb"`), read and mended from outside of it.
// Not for: the app's own records (storage/).

/** WebLLM's databases, each with one object store "urls" of { url, data }. */
type ArtifactDatabase = "webllm/config" | "webllm/wasm" | "webllm/model";

/** Which database WebLLM keeps a file of a model in. */
export function databaseOf(fileName: string): ArtifactDatabase {
  if (fileName === "mlc-chat-config.json") return "webllm/config";
  return fileName.endsWith(".wasm") ? "webllm/wasm" : "webllm/model";
}

function finished<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB failed"));
  });
}

async function withStore<T>(
  name: ArtifactDatabase,
  mode: IDBTransactionMode,
  use: (store: IDBObjectStore) => IDBRequest<T>,
) {
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("urls", { keyPath: "url" });
  const database = await finished(opening);
  try {
    const transaction = database.transaction("urls", mode);
    const result = await finished(use(transaction.objectStore("urls")));
    if (mode === "readwrite")
      await new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error ?? new Error("IndexedDB aborted"));
      });
    return result;
  } finally {
    database.close();
  }
}

/** The bytes stored for a URL, or undefined. JSON that WebLLM stored as an object comes back as its compact text. */
export async function storedBytes(name: ArtifactDatabase, url: string): Promise<ArrayBuffer | undefined> {
  const record = (await withStore(name, "readonly", (s) => s.get(url))) as { data?: unknown } | undefined;
  if (record === undefined) return undefined;
  if (record.data instanceof ArrayBuffer) return record.data;
  return new TextEncoder().encode(JSON.stringify(record.data)).buffer;
}

export async function isStored(name: ArtifactDatabase, url: string): Promise<boolean> {
  return (await withStore(name, "readonly", (s) => s.count(url))) > 0;
}

export async function storeBytes(name: ArtifactDatabase, url: string, data: ArrayBuffer): Promise<void> {
  await withStore(name, "readwrite", (s) => s.put({ url, data }));
}

export async function removeStored(name: ArtifactDatabase, url: string): Promise<void> {
  await withStore(name, "readwrite", (s) => s.delete(url));
}
