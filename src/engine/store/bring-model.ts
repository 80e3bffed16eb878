// Brings a model to this device: finds out which files it has, fetches those that are not there, and keeps each one only when it is
// what it should be. Ended at any moment, it goes on later where it stood.
import { AppError } from "../../platform/app-error";
import { browserHolds } from "../../trust/own-policy";
import { LIBRARY, type DownloadOrder, type LoadProgress, type ModelFile, type StoredModel } from "../protocol";
import { storedFile, storeFile } from "./artifact-store";
import { fetchFile, type FetchOptions } from "./fetch-file";
import { integrityOf } from "../../platform/integrity";
import { Meter } from "./meter";
import { forms } from "./artifact-forms";
import { parseJson, PINS, readPins } from "./package";
import type { ExpectedFile } from "./store-form";

/** Files that are fetched at the same time. */
const AT_ONCE = 4;

/** The lock that a tab holds while it brings or removes a model. */
export const modelLock = (baseUrl: string) => `islet-model-${baseUrl}`;

/** Brings the model, or waits until another tab has. Throws AppError, or an AbortError when `signal` says so. */
export async function download(
  order: DownloadOrder,
  signal: AbortSignal,
  tell: (progress: LoadProgress) => void,
): Promise<StoredModel> {
  const lock = modelLock(order.baseUrl);
  const bring = () => bringFiles(order, signal, tell);
  const mine = await navigator.locks.request(
    lock,
    { ifAvailable: true },
    async (held) => held && { stored: await bring() },
  );
  if (mine) return mine.stored;
  tell({ phase: "elsewhere", done: 0, total: 0 });
  return navigator.locks.request(lock, { signal }, bring);
}

/** How the lists of a model's files are fetched: nothing is counted, but that something is tried again is told. */
const quietly = (
  { network, form }: DownloadOrder,
  held: boolean,
  signal: AbortSignal,
  tell: (progress: LoadProgress) => void,
): FetchOptions => ({
  network,
  form: forms[form],
  held,
  signal,
  onBytes: () => {},
  onRetry: (seconds, reason) => tell({ phase: "start", done: 0, total: 0, retry: { seconds, reason } }),
});

async function bringFiles(
  order: DownloadOrder,
  signal: AbortSignal,
  tell: (progress: LoadProgress) => void,
): Promise<StoredModel> {
  const form = forms[order.form];
  const { isWeights } = form;
  const address = (name: string) => (name === LIBRARY ? order.library : order.from + name);
  const held = await browserHolds(order.network);
  const quiet = quietly(order, held, signal, tell);
  tell({ phase: "start", done: 0, total: 0 });
  const pins = order.files ?? (order.pinsAtSource ? await fetchPins(order, quiet) : undefined);
  const expected = pins ?? (await findFiles(order, address, quiet));

  // The small files first: with them a model can begin to load while its weights are still coming.
  const names = Object.keys(expected).sort((a, b) => Number(isWeights(a)) - Number(isWeights(b)));
  const stored: Record<string, ModelFile> = {};
  const verifying = new Meter("verify", totalOf(expected), tell);
  for (const name of names) {
    signal.throwIfAborted();
    const kept = await keptFile(order, name, expected[name]!);
    if (kept) {
      stored[name] = kept;
      verifying.add(kept.bytes);
    }
  }

  const waiting = names.filter((name) => !(name in stored));
  const meter = new Meter("download", totalOf(expected, waiting), tell);
  const count = () => meter.countFiles(Object.keys(stored).length, names.length);
  if (waiting.length > 0) {
    count();
    await needRoom(totalOf(expected, waiting));
  }
  const giveUp = new AbortController();
  const either = AbortSignal.any([signal, giveUp.signal]);
  async function fetchNext(): Promise<void> {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const { bytes, integrity } = await fetchFile(address(name), name, expected[name]!, {
        network: order.network,
        form,
        held,
        signal: either,
        onBytes: (n) => meter.add(n),
        onRetry: (seconds, reason) => meter.retry(seconds, reason),
      });
      if (expected[name]!.bytes === undefined) meter.expect(bytes.byteLength);
      await storeFile(order, name, bytes);
      stored[name] = { bytes: bytes.byteLength, integrity };
      count();
    }
  }
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, fetchNext));
  } catch (error) {
    giveUp.abort();
    throw error;
  }
  return { files: stored, compared: pins !== undefined };
}

/** Throws AppError "storage-full" when the browser would not let this site store so many bytes more. */
async function needRoom(bytes: number): Promise<void> {
  const { quota = Infinity, usage = 0 } = await navigator.storage.estimate();
  const lacking = bytes - Math.max(0, quota - usage);
  if (lacking > 0) throw new AppError("storage-full", `${bytes} bytes to store`, "free-space", lacking);
}

function totalOf(files: Readonly<Record<string, ExpectedFile>>, names = Object.keys(files)): number {
  return names.reduce((sum, name) => sum + (files[name]!.bytes ?? 0), 0);
}

/** What a stored file is, if it is what is expected. One that came without a published hash is taken as it was kept. */
async function keptFile(order: DownloadOrder, name: string, expected: ExpectedFile): Promise<ModelFile | undefined> {
  const bytes = await storedFile(order, name).catch(() => undefined);
  if (!bytes || (expected.bytes !== undefined && bytes.byteLength !== expected.bytes)) return undefined;
  const integrity = await integrityOf(bytes);
  if (expected.integrity !== undefined && integrity !== expected.integrity) return undefined;
  return { bytes: bytes.byteLength, integrity };
}

async function fetchPins(order: DownloadOrder, options: FetchOptions): Promise<Record<string, ModelFile>> {
  const { bytes } = await fetchFile(order.from + PINS, PINS, {}, options);
  const { id, files } = readPins(parseJson(bytes, PINS), options.form);
  if (id !== undefined && id !== order.id)
    throw new AppError("model-invalid", `${order.from + PINS} is of ${id}, not of ${order.id}`, "none");
  return files;
}

/** Which files a model without pins has, as its own lists say. These are kept at once. */
async function findFiles(
  order: DownloadOrder,
  address: (name: string) => string,
  options: FetchOptions,
): Promise<Record<string, ExpectedFile>> {
  const bytesOf = async (name: string) =>
    (await storedFile(order, name).catch(() => undefined)) ?? (await fetchFile(address(name), name, {}, options)).bytes;
  const lists: [string, ArrayBuffer][] = [];
  for (const name of options.form.lists) lists.push([name, await bytesOf(name)]);
  const contents = lists.map(([name, bytes]) => parseJson(bytes, name));
  const files = options.form.filesOf(contents, order.manifest);
  for (const [name, bytes] of lists) await storeFile(order, name, bytes);
  return files;
}
