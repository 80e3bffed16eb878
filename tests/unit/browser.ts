// What tests of whole rooms need and Node does not have: Web Locks, and a store worker, whose own code takes packages on this thread. Not for:
// what becomes of the bytes, which the end-to-end tests look at in a browser.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { StoreClient } from "../../src/engine/client/store-client";
import type { GivenFile } from "../../src/engine/protocol";
import { keptModels, removeFiles } from "../../src/engine/store/artifact-store";
import { importPackage, inspectPackage } from "../../src/engine/store/package-transfer";

type Held = (lock: object | null) => unknown;

/** Locks that are always free: what a single tab has, which does one thing after the other. */
export function provideLocks(): void {
  const request = async (_name: string, options: object | Held, run?: Held) =>
    typeof options === "function" ? (options as Held)({}) : run!({});
  Object.defineProperty(navigator, "locks", { configurable: true, value: { request } });
}

const channels: BroadcastChannel[] = [];

/** Keeps count of the channels that are opened from now on, so that the rooms of one test do not listen to the next. */
export function countChannels(): void {
  globalThis.BroadcastChannel = class extends BroadcastChannel {
    constructor(name: string) {
      super(name);
      channels.push(this);
    }
  };
}

export function closeChannels(): void {
  for (const channel of channels.splice(0)) channel.close();
}

/** The store. Downloads answer what `download` says; a check finds what is in `damaged`; an export writes nothing. */
export function storeOnThisThread(download: StoreClient["download"], damaged: string[] = []): StoreClient {
  const store: Pick<StoreClient, keyof StoreClient> = {
    download,
    check: async () => damaged,
    remove: (baseUrl) => removeFiles(baseUrl),
    kept: keptModels,
    inspect: inspectPackage,
    import: (given, baseUrl, files, tell, signal) => importPackage(given, baseUrl, files, signal, tell),
    export: async () => new Blob(),
    end() {},
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
