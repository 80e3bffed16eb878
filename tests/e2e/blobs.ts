// Blobs put into the browser by hand, as the app keeps them (src/storage/blobs), for as long as no screen makes any.
import { CHUNK } from "../../src/storage/blobs/chunks";
import type { App } from "./app";

/** Puts the chunks of one blob, and its record, where the app keeps them (storage/blobs). */
export async function fill(app: App, chunks: number): Promise<void> {
  await app.page.evaluate(
    async ([count, size]) => {
      const open = (name: string) =>
        new Promise<IDBDatabase>((resolve) => {
          const opening = indexedDB.open(name);
          opening.onsuccess = () => resolve(opening.result);
        });
      const put = (database: IDBDatabase, store: string, key: string, value: unknown) =>
        new Promise<void>((resolve, reject) => {
          const transaction = database.transaction(store, "readwrite");
          transaction.objectStore(store).put(value, key);
          transaction.oncomplete = () => resolve();
          transaction.onabort = () => reject(transaction.error as Error);
        });
      const [blobs, records] = [await open("islet-blobs/"), await open("islet/")];
      const bytes = new Uint8Array(size!);
      for (let at = 0; at < size!; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
      for (let n = 0; n < count!; n++) {
        new DataView(bytes.buffer).setUint32(0, n);
        await put(blobs, "chunks", `b/${String(n).padStart(8, "0")}`, bytes.slice().buffer);
      }
      const times = { createdAt: Date.now(), updatedAt: Date.now() };
      await put(records, "records", "conversation:c", { version: 1, id: "c", title: "c", leafId: null, ...times });
      const blob = { version: 1, id: "b", owner: "conversation:c", size: count! * size!, ...times };
      await put(records, "records", "blob:b", blob);
      blobs.close();
      records.close();
    },
    [chunks, CHUNK] as const,
  );
}

/** How many chunks are encrypted, and whether those that are not begin with their number. */
export const look = (app: App) =>
  app.page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve) => {
      const opening = indexedDB.open("islet-blobs/");
      opening.onsuccess = () => resolve(opening.result);
    });
    const found = { sealed: 0, plain: 0, other: 0 };
    await new Promise<void>((resolve) => {
      const walking = database.transaction("chunks").objectStore("chunks").openCursor();
      walking.onsuccess = () => {
        const cursor = walking.result;
        if (!cursor) return resolve();
        const [name, value] = [String(cursor.key), cursor.value as ArrayBuffer | { iv?: unknown }];
        if (name !== "vault:1") {
          if (!(value instanceof ArrayBuffer)) found.sealed++;
          else found[new DataView(value).getUint32(0) === Number(name.slice(2)) ? "plain" : "other"]++;
        }
        cursor.continue();
      };
    });
    database.close();
    return found;
  });
