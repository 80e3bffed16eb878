// What tests of whole rooms need and Node does not have: Web Locks, and a store worker, whose own code runs on this thread.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { StoreClient } from "../../src/engine/client/store-client";
import type { GivenFile } from "../../src/engine/protocol";
import { keptModels, removeFiles } from "../../src/engine/store/artifact-store";
import { damagedFiles } from "../../src/engine/store/check";
import { exportPackage, importPackage, inspectPackage } from "../../src/engine/store/transfer";

type Held = (lock: object | null) => unknown;

/** Locks that are always free: what a single tab has, which does one thing after the other. */
export function provideLocks(): void {
  const request = async (_name: string, options: object | Held, run?: Held) =>
    typeof options === "function" ? (options as Held)({}) : run!({});
  Object.defineProperty(navigator, "locks", { configurable: true, value: { request } });
}

/** The store, but for downloads, which answer what `download` says. */
export function storeOnThisThread(download: StoreClient["download"]): StoreClient {
  const store: Pick<StoreClient, keyof StoreClient> = {
    download,
    check: async (model, repair, tell) => {
      const damaged = await damagedFiles(model, tell);
      if (repair) await removeFiles(model.baseUrl, damaged);
      return damaged;
    },
    remove: (baseUrl) => removeFiles(baseUrl),
    kept: keptModels,
    inspect: inspectPackage,
    import: (given, baseUrl, files, tell, signal) => importPackage(given, baseUrl, files, signal, tell),
    export: (model, facts, folder, tell, signal) => exportPackage(model, facts, folder, signal, tell),
  };
  return store as StoreClient;
}

/** The files of a folder as a person gives them, some replaced or, with undefined, left out. */
export function givenFolder(
  name: string,
  source: string,
  changes: Readonly<Record<string, string | undefined>> = {},
): GivenFile[] {
  const files: Record<string, Buffer | undefined> = {};
  for (const file of readdirSync(source)) files[file] = readFileSync(join(source, file));
  for (const [file, text] of Object.entries(changes)) files[file] = text === undefined ? undefined : Buffer.from(text);
  return Object.entries(files).flatMap(([file, bytes]) =>
    bytes ? [{ path: `${name}/${file}`, file: fileOf(bytes) }] : [],
  );
}

/** What of a Blob is read. The buffer is one of Node, which alone its hash function takes. */
const fileOf = ({ buffer, byteOffset, length }: Buffer): Blob =>
  ({ size: length, arrayBuffer: async () => buffer.slice(byteOffset, byteOffset + length) }) as Blob;
