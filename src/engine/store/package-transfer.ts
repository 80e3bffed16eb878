// Models in and out by hand: from a folder, single files or a zip, and to a folder or a zip for a USB stick. What comes in
// may come from anywhere: nothing of it is kept unless all of it is in order.
import {
  BlobReader,
  BlobWriter,
  configure,
  Uint8ArrayReader,
  ZipReader,
  ZipWriter,
  type FileEntry,
} from "@zip.js/zip.js";
import { AppError, thrownText } from "../../platform/app-error";
import {
  type GivenFile,
  type LoadProgress,
  type ModelFile,
  type ModelSource,
  type PackageFacts,
  type PackageSummary,
  type StoredModel,
} from "../protocol";
import { removeFiles, storedFile, storeFile } from "./artifact-store";
import { modelLock } from "./bring-model";
import { integrityOf } from "../../platform/integrity";
import { Meter } from "./meter";
import type { ArtifactForm } from "../contract";
import { forms } from "./artifact-forms";
import { invalid, parseJson, PINS, readPins } from "./package";
import type { ExpectedFile } from "./store-form";

configure({ useWebWorkers: false });

interface Source {
  path: string;
  size: number;
  read(): Promise<ArrayBuffer>;
}

/** What was given, read and put in order. */
interface OpenPackage {
  form: ArtifactForm;
  files: Record<string, Source>;
  expected: Record<string, ExpectedFile>;
  pinned: boolean;
  id?: string;
  facts?: PackageFacts;
}

/** The files that were given; the content of a zip when that is all. */
async function sourcesOf(given: GivenFile[]): Promise<Source[]> {
  const [only] = given;
  if (given.length === 1 && only!.path.toLowerCase().endsWith(".zip")) return zipSources(only!);
  return given.map(({ path, file }) => ({ path, size: file.size, read: () => file.arrayBuffer() }));
}

async function zipSources({ path, file }: GivenFile): Promise<Source[]> {
  try {
    const entries = await new ZipReader(new BlobReader(file)).getEntries();
    return entries
      .filter((entry): entry is FileEntry => !entry.directory)
      .map((entry) => ({
        path: entry.filename,
        size: entry.uncompressedSize,
        read: () => entry.arrayBuffer({ checkSignature: true }),
      }));
  } catch (error) {
    throw invalid(`${path}: ${thrownText(error)}`);
  }
}

async function openPackage(given: GivenFile[]): Promise<OpenPackage> {
  // The only one that there is.
  const form: ArtifactForm = "mlc";
  const { gather, limitOf, lists, filesOf } = forms[form];
  const gathered = Object.entries(gather(await sourcesOf(given)));
  const files = Object.fromEntries(gathered.filter(([name, { size }]) => size <= limitOf(name)));

  const json = async (name: string) => {
    if (!files[name]) throw invalid(`${name} is missing`);
    return parseJson(await readSource(files[name]), name);
  };
  if (files[PINS]) {
    const { files: expected, ...said } = readPins(await json(PINS), forms[form]);
    return { form, files, expected, pinned: true, ...said };
  }
  const contents: Record<string, unknown>[] = [];
  for (const name of lists) contents.push(await json(name));
  return { form, files, expected: filesOf(contents), pinned: false };
}

/** Throws AppError when a file cannot be read, for example since its stick was pulled out. */
async function readSource(source: Source): Promise<ArrayBuffer> {
  try {
    return await source.read();
  } catch (error) {
    throw invalid(`${source.path}: ${thrownText(error)}`);
  }
}

/** Says what a set of files is, and keeps nothing. Throws AppError "model-invalid". */
export async function inspectPackage(given: GivenFile[]): Promise<PackageSummary> {
  const { files, expected, id, facts } = await openPackage(given);
  for (const [name, { bytes }] of Object.entries(expected)) {
    if (!files[name]) throw invalid(`${name} is missing`);
    if (bytes !== undefined && files[name].size !== bytes)
      throw invalid(`${name} has ${files[name].size} bytes, not ${bytes}`);
  }
  const bytes = Object.keys(expected).reduce((sum, name) => sum + files[name]!.size, 0);
  return { bytes, ...(id === undefined ? {} : { id }), ...(facts ? { facts } : {}) };
}

/**
 * Keeps a given model under `baseUrl`. `pins`: what its files must be, where that is known; else what the package says. Removes
 * again what it kept when a file is wrong or `signal` ends it.
 */
export async function importPackage(
  given: GivenFile[],
  baseUrl: string,
  pins: Readonly<Record<string, ModelFile>> | undefined,
  signal: AbortSignal,
  tell: (progress: LoadProgress) => void,
): Promise<StoredModel> {
  const { form, files, expected: own, pinned } = await openPackage(given);
  const { suspect, checkForm } = forms[form];
  const expected: Readonly<Record<string, ExpectedFile>> = pins ?? own;
  const names = Object.keys(expected);
  const total = names.reduce((sum, name) => sum + (files[name]?.size ?? 0), 0);
  const meter = new Meter("import", total, tell);
  const stored: Record<string, ModelFile> = {};
  return navigator.locks.request(modelLock(baseUrl), { signal }, async () => {
    try {
      for (const name of names) {
        signal.throwIfAborted();
        const source = files[name];
        if (!source) throw invalid(`${name} is missing`);
        const bytes = await readSource(source);
        const integrity = await integrityOf(bytes);
        const { bytes: size, integrity: wanted } = expected[name]!;
        if ((size !== undefined && bytes.byteLength !== size) || (wanted !== undefined && integrity !== wanted))
          throw invalid(
            `${name} is not the file that ${pins ? "was published" : "the package states"} (${bytes.byteLength} bytes, ${integrity})`,
          );
        if (wanted === undefined || name === suspect) checkForm(name, bytes);
        await storeFile({ form, baseUrl }, name, bytes);
        stored[name] = { bytes: bytes.byteLength, integrity };
        meter.add(bytes.byteLength);
        meter.countFiles(Object.keys(stored).length, names.length);
      }
    } catch (error) {
      await removeFiles(baseUrl);
      throw error;
    }
    return { files: stored, compared: pins !== undefined || pinned };
  });
}

/**
 * Writes an installed model, in the form that it has, with its hashes: into a folder of its name within `folder`, or as a zip, which
 * it gives back. Throws AppError "cache-corrupt" when a file is not what it was.
 */
export async function exportPackage(
  model: ModelSource,
  facts: PackageFacts,
  folder: FileSystemDirectoryHandle | undefined,
  signal: AbortSignal,
  tell: (progress: LoadProgress) => void,
): Promise<Blob | undefined> {
  const entries = Object.entries(model.files);
  const meter = new Meter(
    "export",
    entries.reduce((sum, [, f]) => sum + f.bytes, 0),
    tell,
  );
  const writer = folder ? await folderWriter(folder, model.id) : zipWriter(model.id);
  for (const [name, { integrity, bytes: size }] of entries) {
    signal.throwIfAborted();
    const bytes = await storedFile(model, name);
    if (!bytes || (await integrityOf(bytes)) !== integrity)
      throw new AppError("cache-corrupt", `not the recorded bytes: ${name}`, "repair");
    await writer.write(name, new Uint8Array(bytes));
    meter.add(size);
  }
  const pins = { id: model.id, facts, files: model.files };
  await writer.write(PINS, new TextEncoder().encode(`${JSON.stringify(pins, null, 1)}\n`));
  return writer.end();
}

interface PackageWriter {
  write(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  end(): Promise<Blob | undefined>;
}

async function folderWriter(folder: FileSystemDirectoryHandle, id: string): Promise<PackageWriter> {
  const own = await folder.getDirectoryHandle(id, { create: true });
  return {
    write: async (name, bytes) => {
      const stream = await (await own.getFileHandle(name, { create: true })).createWritable();
      await stream.write(bytes);
      await stream.close();
    },
    end: () => Promise.resolve(undefined),
  };
}

function zipWriter(id: string): PackageWriter {
  // Weights do not get smaller by compression.
  const zip = new ZipWriter(new BlobWriter("application/zip"), { level: 0 });
  return {
    write: async (name, bytes) => void (await zip.add(`${id}/${name}`, new Uint8ArrayReader(bytes))),
    end: () => zip.close(),
  };
}
