// The files of a model on their way into WebLLM's cache: counted, cancellable, and refused unless they are the pinned
// bytes. WebLLM fetches with the worker's `fetch`, which `serveArtifacts` stands in for while a model loads.
import { AppError, appError, errorData } from "../../platform/app-error";
import { permits } from "../../trust/policy";
import type { LoadProgress, ModelSource } from "../protocol";
import { databaseOf, isStored, removeStored, storeBytes, storedBytes } from "./artifact-store";

async function sri(bytes: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return `sha256-${btoa(String.fromCharCode(...digest))}`;
}

function artifactUrl(model: ModelSource, fileName: string): string {
  return new URL(fileName, model.baseUrl).href;
}

/** The names of the model's files that are stored in this browser. */
async function storedFiles(model: ModelSource): Promise<string[]> {
  const names = Object.keys(model.files);
  const stored = await Promise.all(names.map((n) => isStored(databaseOf(n), artifactUrl(model, n))));
  return names.filter((_, i) => stored[i]);
}

/** Those of the named files that are not stored. */
export async function notStored(model: ModelSource, names: readonly string[]): Promise<string[]> {
  const stored = new Set(await storedFiles(model));
  return names.filter((name) => !stored.has(name));
}

/** How many bytes of the model are not stored yet; 0 when it is installed (each file was verified before it was stored). */
export async function missingBytes(model: ModelSource): Promise<number> {
  const missing = await notStored(model, Object.keys(model.files));
  return missing.reduce((sum, name) => sum + model.files[name]!.bytes, 0);
}

/** The names of stored files whose bytes are not the pinned ones. Calls `onBytes` with the bytes read so far. */
export async function damagedFiles(model: ModelSource, onBytes: (done: number) => void = () => {}): Promise<string[]> {
  const damaged: string[] = [];
  let done = 0;
  for (const name of await storedFiles(model)) {
    const pinned = model.files[name]!;
    const bytes = await storedBytes(databaseOf(name), artifactUrl(model, name));
    if (!bytes || bytes.byteLength !== pinned.bytes || (await sri(bytes)) !== pinned.integrity) damaged.push(name);
    onBytes((done += pinned.bytes));
  }
  return damaged;
}

/** Removes stored files of the model: all, or the named ones. */
export async function removeFiles(model: ModelSource, names = Object.keys(model.files)): Promise<void> {
  for (const name of names) await removeStored(databaseOf(name), artifactUrl(model, name));
}

/** Counts bytes as they come and tells a rate over the last seconds, at most ten times a second. */
class DownloadMeter {
  private done = 0;
  private readonly marks: { time: number; done: number }[] = [];
  private told = 0;
  constructor(
    private readonly total: number,
    private readonly tell: (progress: LoadProgress) => void,
  ) {}

  add(bytes: number): void {
    this.done += bytes;
    const time = performance.now();
    if (time - this.told < 100 && this.done < this.total) return;
    this.told = time;
    this.marks.push({ time, done: this.done });
    while (this.marks.length > 2 && time - this.marks[0]!.time > 5000) this.marks.shift();
    const first = this.marks[0]!;
    const rate = time > first.time ? ((this.done - first.done) * 1000) / (time - first.time) : 0;
    const progress: LoadProgress = { phase: "download", done: this.done, total: this.total };
    if (rate > 0) Object.assign(progress, { rate, secondsLeft: (this.total - this.done) / rate });
    this.tell(progress);
  }
}

async function readAll(response: Response, expected: number, onBytes: (n: number) => void): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(expected);
  const reader = response.body!.getReader();
  let at = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (at + value.length > expected)
      throw new AppError("download-corrupt", `${response.url}: longer than ${expected} bytes`);
    bytes.set(value, at);
    at += value.length;
    onBytes(value.length);
  }
  if (at !== expected) throw new AppError("download-failed", `${response.url}: ended after ${at} of ${expected} bytes`);
  return bytes.buffer;
}

/** Stands in for the worker's `fetch` while `model` loads. */
export interface ArtifactServing {
  /** Names of the files that WebLLM was given, verified. */
  delivered(): string[];
  /** The first failure of a fetch, which WebLLM wraps in an error of its own. */
  failure(): AppError | undefined;
  /** Puts the worker's own `fetch` back. */
  end(): void;
}

/** `missing`: bytes that are still to be fetched. */
export function serveArtifacts(
  model: ModelSource,
  missing: number,
  tell: (progress: LoadProgress) => void,
): ArtifactServing {
  const names = new Map(Object.keys(model.files).map((n) => [artifactUrl(model, n), n]));
  const meter = new DownloadMeter(missing, tell);
  const ownFetch = self.fetch;
  const delivered: string[] = [];
  let failure: AppError | undefined;

  async function fetchVerified(url: string, name: string, init?: RequestInit): Promise<Response> {
    const pinned = model.files[name]!;
    const response = await ownFetch(url, { ...init, cache: "no-store" });
    if (!response.ok) throw new AppError("download-failed", `${url}: HTTP ${response.status}`);
    const bytes = await readAll(response, pinned.bytes, (n) => meter.add(n));
    if ((await sri(bytes)) !== pinned.integrity)
      throw new AppError("download-corrupt", `${url}: SHA-256 is not the pinned ${pinned.integrity}`);
    delivered.push(name);
    return new Response(bytes, { headers: { "content-type": response.headers.get("content-type") ?? "" } });
  }

  self.fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const url = input instanceof Request ? input.url : new URL(input, location.href).href;
    if (!permits(url, location.origin))
      throw new AppError("download-failed", `${url}: the policy does not allow it`, "none");
    const name = names.get(url);
    // WebLLM also looks for files that a model may have; one that is not pinned is not fetched.
    if (name === undefined) return new Response(null, { status: 404 });
    try {
      // WebLLM never caches a library that comes from "localhost", so such a one is kept here, in the same place.
      if (databaseOf(name) !== "webllm/wasm") return await fetchVerified(url, name, init);
      const kept = await storedBytes("webllm/wasm", url);
      if (kept) return new Response(kept);
      const response = await fetchVerified(url, name, init);
      if (url.includes("localhost")) await storeBytes("webllm/wasm", url, await response.clone().arrayBuffer());
      return response;
    } catch (error) {
      const seen = appError(errorData(error));
      failure ??= seen.code === "unknown" ? new AppError("download-failed", `${url}: ${seen.detail}`) : seen;
      throw error;
    }
  };
  return {
    delivered: () => delivered,
    failure: () => failure,
    end: () => {
      self.fetch = ownFetch;
    },
  };
}
