// The databases that hold models, in which their runtime looks for them; filled, read and mended from outside of it.
// Not for: the app's own records (storage/).
import { AppError } from "../../platform/app-error";
import { modelDatabases } from "../../platform/deployment";
import { finished } from "../../platform/requests";
import type { ModelSource } from "../protocol";
import { forms } from "./artifact-forms";

type ArtifactDatabase = (typeof modelDatabases)[number];

/** A model as it is kept: in which form, and under which address. */
export type Kept = Pick<ModelSource, "form" | "baseUrl">;

/** Of a file that is kept parsed the text is kept beside it, where it cannot be had back from that. */
const TEXT_MARK = "#text";
/** Of a file that is kept in parts, each part; and how far it has come, before all are there. */
const PART_MARK = "#part-";
const UNFINISHED_MARK = "#unfinished";

/** What lies under the name of a file that is kept in parts: how many these are, and bytes in all. */
interface WholeParts {
  parts: number;
  size: number;
}

/** Of a file of which not all has come: how many parts are there, the state of their hash, and what their source said it is. */
export interface PartMark {
  parts: number;
  hash: Uint8Array;
  source: string;
}

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
  const compact = JSON.stringify(data);
  const text = (await read(database, url + TEXT_MARK))?.data;
  if (!(text instanceof ArrayBuffer)) return new TextEncoder().encode(compact).buffer;
  if (JSON.stringify(JSON.parse(new TextDecoder().decode(text))) !== compact)
    throw new AppError("cache-corrupt", `${name} is not what was published`, "repair");
  return text;
}

/** Whether files of this name are kept as Blobs, in parts, and not as what they contain. */
export const isKeptInParts = ({ form }: Kept, name: string): boolean => forms[form].placeOf(name).kept === "parts";

const partName = (url: string, n: number) => `${url}${PART_MARK}${String(n).padStart(5, "0")}`;

/** A file that is kept in parts, as a Blob, which takes no memory before it is read; undefined where not all of it is there. */
export async function storedBlob({ form, baseUrl }: Kept, name: string): Promise<Blob | undefined> {
  const { database } = forms[form].placeOf(name);
  const url = baseUrl + name;
  const whole = (await read(database, url))?.data as WholeParts | undefined;
  if (!whole) return undefined;
  const parts = IDBKeyRange.bound(partName(url, 0), partName(url, whole.parts - 1));
  const found = await withStore(database, "readonly", (s) => s.getAll(parts) as IDBRequest<Stored[]>);
  const blob = new Blob(found.map(({ data }) => data as Blob));
  return blob.size === whole.size ? blob : undefined;
}

/** How far a file has come that is kept in parts and not whole. */
export async function unfinishedFile({ form, baseUrl }: Kept, name: string): Promise<PartMark | undefined> {
  const { database } = forms[form].placeOf(name);
  return (await read(database, baseUrl + name + UNFINISHED_MARK))?.data as PartMark | undefined;
}

/** Keeps the next part of a file, which is the last one where `mark` says how large the whole is. Both are there afterwards, or neither. */
export async function storePart(
  { form, baseUrl }: Kept,
  name: string,
  part: Blob,
  mark: PartMark | WholeParts,
): Promise<void> {
  const url = baseUrl + name;
  await withStore(forms[form].placeOf(name).database, "readwrite", async (store) => {
    await Promise.all([
      finished(store.put({ url: partName(url, mark.parts - 1), data: part })),
      ...("size" in mark
        ? [
            finished(store.put({ url, data: mark })),
            finished(store.delete(url + UNFINISHED_MARK)),
            // Of another file that was begun under this name and was longer.
            finished(store.delete(IDBKeyRange.bound(partName(url, mark.parts), `${url}${PART_MARK}\uffff`))),
          ]
        : [finished(store.put({ url: url + UNFINISHED_MARK, data: mark }))]),
    ]);
  });
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
      await finished(store.put({ url, data: bytes }));
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
        ? names.flatMap((n) => [
            IDBKeyRange.only(baseUrl + n),
            IDBKeyRange.bound(`${baseUrl + n}#`, `${baseUrl + n}#\uffff`),
          ])
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
