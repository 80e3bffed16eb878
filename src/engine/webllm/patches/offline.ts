// The engine worker asks the network for nothing: all that WebLLM loads was brought by the store worker, or is being brought. While a
// model loads, this stands between WebLLM and both: its `fetch`, and the reads of its databases, whose bytes are compared with their
// hashes as they pass. Assumes WebLLM 0.2.86: it reads IndexedDB by `get`, and what it is to keep by `oncomplete` of that transaction. Not for:
// what is stored where (store/mlc-form.ts).
import { LIBRARY, type ModelSource } from "../../protocol";
import { isStored, storedFile } from "../../store/artifact-store";
import { damagedFiles } from "../../store/check";
import { integrityOf } from "../../../platform/integrity";

/** Milliseconds between looks for a file that is on its way. */
const PATIENCE = 20;
/** Files that a model cannot be loaded without, so that they are worth waiting for. */
const NEEDED = /\.(bin|wasm)$|^(mlc-chat-config|mlc-model-manifest|tensor-cache|tokenizer)\.(json|model)$/;

export interface OfflineLoad {
  /** The names of the model's files that are not what they should be, once WebLLM has read them all. */
  damaged(): Promise<string[]>;
  restore(): void;
}

/**
 * Takes over until `restore`. `arriving`: the model's last files are on their way, and verified as they come.
 *
 * WebLLM fetches for three reasons that remain: a library from "localhost", which it never looks up in its own cache and is given here;
 * files that a model may have and this one has not; and, while the model is arriving, a file that is not stored yet. For such a one
 * this waits. The store worker has kept it by then, so what WebLLM is given is empty and its attempt to keep that does nothing.
 *
 * WebLLM reads a file two or three times, all but the last only to see whether it is there. It waits for the transaction of the last one only,
 * by which that is told; the others are answered by the file's key, which saves most of the reading.
 */
export function withoutNetwork(model: ModelSource, arriving: boolean): OfflineLoad {
  const ownFetch = self.fetch;
  const { add, get } = IDBObjectStore.prototype;
  const arrived = new Set<string>();
  const checks = new Map<string, Promise<boolean>>();

  const nameOf = (url: string) => (url.startsWith(model.baseUrl) ? url.slice(model.baseUrl.length) : undefined);

  function check(name: string, bytes: unknown): void {
    const expected = model.files[name];
    if (!expected || !(bytes instanceof ArrayBuffer)) return;
    checks.set(
      name,
      bytes.byteLength === expected.bytes
        ? integrityOf(bytes).then((integrity) => integrity === expected.integrity)
        : Promise.resolve(false),
    );
  }

  self.fetch = async (input: RequestInfo | URL): Promise<Response> => {
    const url = input instanceof Request ? input.url : new URL(input, location.href).href;
    const name = nameOf(url);
    if (name === undefined || !NEEDED.test(name)) return new Response(null, { status: 404 });
    if (arriving) while (!(await isStored(model, name))) await new Promise((r) => setTimeout(r, PATIENCE));
    if (name === LIBRARY && url.includes("localhost")) {
      const bytes = await storedFile(model, name);
      check(name, bytes);
      return new Response(bytes ?? null);
    }
    if (!arriving) return new Response(null, { status: 404 });
    arrived.add(url);
    return new Response("{}");
  };
  IDBObjectStore.prototype.add = function (this: IDBObjectStore, value: unknown, key?: IDBValidKey) {
    const { url } = (value ?? {}) as { url?: unknown };
    return typeof url === "string" && arrived.has(url) ? this.count(url) : add.call(this, value, key);
  } as typeof add;
  IDBObjectStore.prototype.get = function (this: IDBObjectStore, key: IDBValidKey | IDBKeyRange) {
    const name = typeof key === "string" ? nameOf(key) : undefined;
    if (name === undefined) return get.call(this, key);
    if (this.transaction.oncomplete === null) return this.getKey(key);
    const request = get.call(this, key) as IDBRequest<{ data?: unknown } | undefined>;
    request.addEventListener("success", () => check(name, request.result?.data));
    return request;
  } as typeof get;

  return {
    damaged: async () => {
      const wrong: string[] = [];
      for (const [name, sound] of checks) if (!(await sound)) wrong.push(name);
      // What was not read as bytes: the list of weights, which WebLLM keeps parsed, and what it had no need of.
      const rest = Object.entries(model.files).filter(([name]) => !checks.has(name));
      return [...wrong, ...(await damagedFiles({ ...model, files: Object.fromEntries(rest) }))];
    },
    restore: () => {
      self.fetch = ownFetch;
      IDBObjectStore.prototype.add = add;
      IDBObjectStore.prototype.get = get;
    },
  };
}
