// Brings a model to this device: finds out which files it has, fetches those that are not there, and keeps each one only when it is
// what it should be. Ended at any moment, it goes on later where it stood.
import { AppError } from "../../platform/app-error";
import { browserHolds } from "../../trust/own-policy";
import { LIBRARY, type DownloadOrder, type LoadProgress, type ModelFile, type StoredModel } from "../protocol";
import { isKeptInParts, storedFile, storeFile } from "./artifact-store";
import { fetchFile, MemorySink, type FetchOptions } from "./fetch-file";
import { checkParts, keptAs } from "./check";
import { Meter } from "./meter";
import { forms } from "./artifact-forms";
import { parseJson, PINS, readPins } from "./package";
import { PartWriter } from "./part-writer";
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
      const file = await fetchInto(order, name, address(name), expected[name]!, {
        network: order.network,
        form,
        held,
        signal: either,
        onBytes: (n) => meter.add(n),
        onRetry: (seconds, reason) => meter.retry(seconds, reason),
      });
      if (expected[name]!.bytes === undefined) meter.expect(file.bytes);
      stored[name] = file;
      count();
    }
  }
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, fetchNext));
  } catch (error) {
    giveUp.abort();
    throw error;
  }
  await checkParts(order, names);
  return { files: stored, compared: pins !== undefined };
}

/** Fetches a file to where it is kept, or what is missing of it. */
async function fetchInto(
  order: DownloadOrder,
  name: string,
  url: string,
  expected: ExpectedFile,
  options: FetchOptions,
): Promise<ModelFile> {
  if (isKeptInParts(order, name)) {
    const parts = await PartWriter.open(order, name);
    const file = await fetchFile(url, name, expected, options, parts);
    await parts.finish();
    return file;
  }
  const memory = new MemorySink(options.form);
  const file = await fetchFile(url, name, expected, options, memory);
  await storeFile(order, name, memory.bytes);
  return file;
}

/** A file that is only read, and kept by whoever asked for it. */
async function fetchBytes(url: string, name: string, options: FetchOptions): Promise<ArrayBuffer> {
  const memory = new MemorySink(options.form);
  await fetchFile(url, name, {}, options, memory);
  return memory.bytes;
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
  const file = await keptAs(order, name).catch(() => undefined);
  if (!file || (expected.bytes !== undefined && file.bytes !== expected.bytes)) return undefined;
  return expected.integrity !== undefined && file.integrity !== expected.integrity ? undefined : file;
}

async function fetchPins(order: DownloadOrder, options: FetchOptions): Promise<Record<string, ModelFile>> {
  const { id, files } = readPins(parseJson(await fetchBytes(order.from + PINS, PINS, options), PINS), options.form);
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
    (await storedFile(order, name).catch(() => undefined)) ?? (await fetchBytes(address(name), name, options));
  const lists: [string, ArrayBuffer][] = [];
  for (const name of options.form.lists) lists.push([name, await bytesOf(name)]);
  const contents = lists.map(([name, bytes]) => parseJson(bytes, name));
  const files = options.form.filesOf(contents, order.manifest);
  for (const [name, bytes] of lists) await storeFile(order, name, bytes);
  return files;
}
