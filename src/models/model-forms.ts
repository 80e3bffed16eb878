// The readers of what is kept of models: installed ones, those that a person added to the list, and downloads. What says wrongly which bytes
// a model has is refused; all else is brought within bounds. Not for: whether a model may be used (trust/current-policy.ts).
import type { ModelFile } from "../engine/protocol";
import { amountOf, countOf, fieldsOf, flagOf, nameOf, present, textOf, timeOf, type Fields } from "../platform/values";
import type { RecordKey, StoredRecord } from "../storage/records";
import type { Comparison } from "./compare-answers";
import { foreignCard, type ModelCard, type Origin } from "./catalogue/catalogue";

/** What is kept of an installed model. Times in milliseconds since 1970. */
export interface InstalledModel extends StoredRecord {
  version: 1;
  id: string;
  files: Record<string, ModelFile>;
  /** The files whose hashes were published beforehand; those of the others were recorded as they came. */
  pinned: string[];
  /** The address or the name of the folder or file it came from. */
  source: string;
  installedAt: number;
  /** When all files were last compared with their hashes. */
  verifiedAt: number;
  usedAt: number;
  /** What came of comparing its answers on this device. */
  comparison?: Comparison;
}

export interface AddedModel extends StoredRecord {
  version: 1;
  card: ModelCard;
}

/** What is kept of a download that is not finished. */
export interface DownloadRecord extends StoredRecord {
  version: 1;
  id: string;
  paused: boolean;
  /** The person wants to use it as soon as it is here. */
  start: boolean;
  addedAt: number;
  /** What the files must be, where an earlier download recorded it. */
  pins?: Readonly<Record<string, ModelFile>>;
}

export const installedKey = (id: string): RecordKey => `model:${id}`;
export const addedKey = (id: string): RecordKey => `added-model:${id}`;
export const downloadKey = (id: string): RecordKey => `download:${id}`;

/** An id that can be part of an address. */
const idOf = (value: unknown): string | undefined =>
  typeof value === "string" && /^\w[\w.-]{0,99}$/.test(value) ? value : undefined;

export function readInstalled(value: unknown, key: RecordKey): InstalledModel | undefined {
  const from = fieldsOf(value);
  const id = idOf(from?.["id"]);
  const files = filesOf(from?.["files"]);
  if (!from || id === undefined || installedKey(id) !== key || !files) return undefined;
  const pinned = from["pinned"];
  return {
    version: 1,
    id,
    files,
    pinned: Array.isArray(pinned) ? Object.keys(files).filter((name) => pinned.includes(name)) : [],
    source: textOf(from["source"], 1000) ?? "",
    installedAt: timeOf(from["installedAt"]) ?? 0,
    verifiedAt: timeOf(from["verifiedAt"]) ?? 0,
    usedAt: timeOf(from["usedAt"]) ?? 0,
    ...present({ comparison: readComparison(from["comparison"]) }),
  };
}

export function readAdded(value: unknown, key: RecordKey): AddedModel | undefined {
  const from = fieldsOf(fieldsOf(value)?.["card"]);
  const id = idOf(from?.["id"]);
  const origin = readOrigin(fieldsOf(from?.["origin"]));
  if (!from || id === undefined || addedKey(id) !== key || !origin) return undefined;
  const { name, publisher, licence, parameters, size } = from;
  const facts = present({
    name: nameOf(name),
    publisher: textOf(publisher, 1000),
    licence: textOf(licence, 1000),
    parameters: countOf(parameters),
  });
  return { version: 1, card: foreignCard(id, origin, facts, countOf(size) ?? 0) };
}

export function readDownload(value: unknown, key: RecordKey): DownloadRecord | undefined {
  const from = fieldsOf(value);
  const id = idOf(from?.["id"]);
  const pins = from?.["pins"] === undefined ? undefined : filesOf(from["pins"]);
  if (!from || id === undefined || downloadKey(id) !== key || (from["pins"] !== undefined && !pins)) return undefined;
  return {
    version: 1,
    id,
    // What is not known to be wanted is not fetched.
    paused: flagOf(from["paused"]) ?? true,
    start: flagOf(from["start"]) ?? false,
    addedAt: timeOf(from["addedAt"]) ?? 0,
    ...present({ pins }),
  };
}

/** Undefined where one of the files is not described as it must be. */
function filesOf(value: unknown): Record<string, ModelFile> | undefined {
  const from = fieldsOf(value);
  if (!from) return undefined;
  const files = Object.entries(from).map(([name, file]) => [name, readFile(fieldsOf(file))] as const);
  return files.some(([, file]) => !file) ? undefined : (Object.fromEntries(files) as Record<string, ModelFile>);
}

function readFile(from: Fields | undefined): ModelFile | undefined {
  const [bytes, integrity] = [countOf(from?.["bytes"]), nameOf(from?.["integrity"])];
  return bytes === undefined || integrity === undefined ? undefined : { bytes, integrity };
}

function readOrigin(from: Fields | undefined): Origin | undefined {
  if (from?.["kind"] === "given") return { kind: "given" };
  const [base, library] = [nameOf(from?.["base"]), nameOf(from?.["library"])];
  if (from?.["kind"] !== "address" || base === undefined || library === undefined) return undefined;
  return URL.canParse(base) && URL.canParse(library) ? { kind: "address", base, library } : undefined;
}

function readComparison(value: unknown): Comparison | undefined {
  const from = fieldsOf(value);
  const at = timeOf(from?.["at"]);
  const [equal, total, rate] = [countOf(from?.["equal"]), countOf(from?.["total"]), amountOf(from?.["rate"])];
  if (at === undefined || equal === undefined || total === undefined || rate === undefined) return undefined;
  const difference = fieldsOf(from?.["difference"]);
  const [question, expected, given] = ["question", "expected", "given"].map((name) => textOf(difference?.[name]) ?? "");
  return {
    ...{ at, adapter: textOf(from?.["adapter"], 1000) ?? "", equal, total, rate },
    // That there was one is not forgotten, whatever is known of it.
    ...(from?.["difference"] === undefined
      ? {}
      : { difference: { question: question!, expected: expected!, given: given! } }),
  };
}
