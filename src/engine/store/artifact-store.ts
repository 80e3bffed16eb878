// The databases that hold models, in which their runtime looks for them; filled, read and mended from outside of it.
// Not for: the app's own records (storage/).
import { AppError } from "../../platform/app-error";
import { modelDatabases } from "../../platform/deployment";
import { finished } from "../../platform/requests";
import type { ModelSource } from "../protocol";
import { forms } from "./artifact-forms";

type ArtifactDatabase = (typeof modelDatabases)[number];

/** A model as it is kept: in which form, and under which address. */
type Kept = Pick<ModelSource, "form" | "baseUrl">;

/** Of a file that is kept parsed the text is kept beside it, where it cannot be had back from that. */
const TEXT_MARK = "#text";

async function withStore<T>(
  name: ArtifactDatabase,
  mode: IDBTransactionMode,
  use: (store: IDBObjectStore) => Promise<T> | IDBRequest<T>,
): Promise<T> {
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("urls", { keyPath: "url" });
  const database = await finished(opening);
  try {
    const transaction = database.transaction("urls", mode);
    const completed = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error("IndexedDB aborted"));
    });
    // A refused request also aborts the transaction, which says why.
    completed.catch(() => {});
    const used = use(transaction.objectStore("urls"));
    const result = await (used instanceof IDBRequest ? finished(used) : used).catch(async (error: unknown) => {
      await completed;
      throw error;
    });
    if (mode === "readwrite") await completed;
    return result;
  } finally {
    database.close();
  }
}

interface Stored {
  url: string;
  data: unknown;
}

/** By `getAll`: what a runtime reads by `get` may be watched in the same thread. */
const read = async (name: ArtifactDatabase, url: string) =>
  (await withStore(name, "readonly", (s) => s.getAll(url) as IDBRequest<Stored[]>))[0];

/** The bytes of a file as they were published, or undefined. Throws AppError "cache-corrupt" when two stored forms of it disagree. */
export async function storedFile({ form, baseUrl }: Kept, name: string): Promise<ArrayBuffer | undefined> {
  const url = baseUrl + name;
  const { database } = forms[form].placeOf(name);
  const data = (await read(database, url))?.data;
  if (data === undefined) return undefined;
  if (data instanceof ArrayBuffer) return data;
  if (data instanceof Blob) return data.arrayBuffer();
  const compact = JSON.stringify(data);
  const text = (await read(database, url + TEXT_MARK))?.data;
  if (!(text instanceof ArrayBuffer)) return new TextEncoder().encode(compact).buffer;
  if (JSON.stringify(JSON.parse(new TextDecoder().decode(text))) !== compact)
    throw new AppError("cache-corrupt", `${name} is not what was published`, "repair");
  return text;
}

/** A file that is kept as a Blob, which takes no memory before it is read; undefined where it is not there. */
export async function storedBlob({ form, baseUrl }: Kept, name: string): Promise<Blob | undefined> {
  const data = (await read(forms[form].placeOf(name).database, baseUrl + name))?.data;
  return data instanceof Blob ? data : undefined;
}

export async function isStored({ form, baseUrl }: Kept, name: string): Promise<boolean> {
  return (await withStore(forms[form].placeOf(name).database, "readonly", (s) => s.count(baseUrl + name))) > 0;
}

/** Keeps a file where its runtime looks for it. All of it is there afterwards, or none. */
export async function storeFile({ form, baseUrl }: Kept, name: string, bytes: ArrayBuffer): Promise<void> {
  const url = baseUrl + name;
  const { database, kept } = forms[form].placeOf(name);
  await withStore(database, "readwrite", async (store) => {
    if (kept !== "parsed") {
      await finished(store.put({ url, data: kept === "blob" ? new Blob([bytes]) : bytes }));
      return;
    }
    const text = new TextDecoder().decode(bytes);
    const data: unknown = JSON.parse(text);
    const writes = [finished(store.put({ url, data }))];
    if (JSON.stringify(data) !== text) writes.push(finished(store.put({ url: url + TEXT_MARK, data: bytes })));
    await Promise.all(writes);
  });
}

/** Removes files of a model: the named ones, or all that there are. */
export async function removeFiles(baseUrl: string, names?: readonly string[]): Promise<void> {
  for (const database of modelDatabases)
    await withStore(database, "readwrite", async (store) => {
      const ranges = names
        ? names.flatMap((n) => [IDBKeyRange.only(baseUrl + n), IDBKeyRange.only(baseUrl + n + TEXT_MARK)])
        : [IDBKeyRange.bound(baseUrl, `${baseUrl}\uffff`)];
      await Promise.all(ranges.map((range) => finished(store.delete(range))));
    });
}

/** The `baseUrl` of every model of which something is stored. */
export async function keptModels(): Promise<string[]> {
  const found = new Set<string>();
  for (const database of modelDatabases) {
    const keys = await withStore(database, "readonly", (store) => store.getAllKeys());
    for (const key of keys) found.add(String(key).replace(/[^/]*$/, ""));
  }
  return [...found];
}
