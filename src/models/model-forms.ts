// The readers of what is kept of models: installed ones, those that a person added to the list, and downloads. A record that misstates which bytes
// a model has is refused; all else is brought within bounds. Not for: whether a model may be used (trust/current-policy.ts).
import type { ModelFile } from "../engine/protocol";
import {
  amountOf,
  countOf,
  fieldsOf,
  flagOf,
  nameOf,
  oneOf,
  present,
  textOf,
  timeOf,
  type Fields,
} from "../platform/values";
import type { Form, RecordKey, StoredRecord } from "../storage/forms";
import { policy } from "../trust/current-policy";
import { isModelId, readCandidate } from "./catalogue/admit";
import { addressOf, knownCard, type ModelCard } from "./catalogue/catalogue";

/**
 * Who stated the hashes that a model's files are held to: this build, in advance; the mirror it came from; the package itself; or nobody, so that
 * the hashes were recorded when the files arrived.
 */
export type HashesFrom = "build" | "mirror" | "package" | "recorded";
const statements = ["build", "mirror", "package", "recorded"] as const satisfies readonly HashesFrom[];

/** The result of comparing the answers that a model gives on this device with those it should give (evaluation/). */
export interface Comparison {
  /** Milliseconds since 1970. */
  at: number;
  /** What the browser says of the graphics adapter. */
  adapter: string;
  equal: number;
  total: number;
  /** Tokens a second, as they were written. */
  rate: number;
  /** The first answer that differs. */
  difference?: { question: string; expected: string; given: string };
}

/** What is kept of an installed model. Times in milliseconds since 1970. */
export interface InstalledModel extends StoredRecord {
  version: 1;
  id: string;
  files: Record<string, ModelFile>;
  hashes: HashesFrom;
  /**
   * It is the catalogue's model of this id: it came from where the catalogue or the policy says, or has the hashes of the build. Of any other,
   * only what it says of itself is known.
   */
  known: boolean;
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
  /** What the files must be, where that was known before. */
  pins?: Readonly<Record<string, ModelFile>>;
  /** Who stated `pins`. */
  hashes?: HashesFrom;
}

export const installedKey = (id: string): RecordKey => `model:${id}`;
export const addedKey = (id: string): RecordKey => `added-model:${id}`;
export const downloadKey = (id: string): RecordKey => `download:${id}`;

const idOf = (value: unknown): string | undefined => (isModelId(value) ? value : undefined);

const sameFiles = (some: Readonly<Record<string, ModelFile>>, others: Readonly<Record<string, ModelFile>>): boolean =>
  Object.keys(some).length === Object.keys(others).length &&
  Object.entries(some).every(([name, { integrity }]) => others[name]?.integrity === integrity);

/** Brings a stored record up to date: only hashes that this build has count as the build's. */
function readInstalled(value: unknown, key: RecordKey): InstalledModel | undefined {
  const from = fieldsOf(value);
  const id = idOf(from?.["id"]);
  const files = filesOf(from?.["files"]);
  if (!from || id === undefined || installedKey(id) !== key || !files) return undefined;
  const source = textOf(from["source"], 1000) ?? "";
  return {
    version: 1,
    id,
    files,
    ...provenanceOf(id, files, source, from),
    source,
    installedAt: timeOf(from["installedAt"]) ?? 0,
    verifiedAt: timeOf(from["verifiedAt"]) ?? 0,
    usedAt: timeOf(from["usedAt"]) ?? 0,
    ...present({ comparison: readComparison(from["comparison"]) }),
  };
}

/** Older versions did not say whose hashes `pinned` were, nor what came by hand. */
function provenanceOf(
  id: string,
  files: InstalledModel["files"],
  source: string,
  { pinned, hashes, known }: Fields,
): Pick<InstalledModel, "hashes" | "known"> {
  const card = knownCard(id);
  const ofBuild = card?.pins !== undefined && sameFiles(files, card.pins);
  const byHand = !/^https?:\/\//.test(source);
  const older = byHand && Array.isArray(pinned) && pinned.length > 0 ? "package" : "recorded";
  const asStated = oneOf(statements, hashes) ?? older;
  const fromThere = card !== undefined && addressOf(card, policy.network)?.from === source;
  return {
    hashes: ofBuild ? "build" : asStated === "build" ? "recorded" : asStated,
    known: card !== undefined && (ofBuild || (flagOf(known) ?? fromThere)),
  };
}

/** The card of a model that a person added, read as if it came in now; undefined where it no longer can. */
function readAdded(value: unknown, key: RecordKey): AddedModel | undefined {
  const from = fieldsOf(fieldsOf(value)?.["card"]);
  const says = fieldsOf(from?.["says"]);
  const id = idOf(from?.["id"]);
  if (!from || id === undefined || addedKey(id) !== key) return undefined;
  const { name, publisher, licence, parameters, origin, size } = from;
  // Older versions believed what a model said of itself.
  const facts = says ?? { publisher, licence, parameters, ...(name === id ? {} : { name }) };
  try {
    const card = readCandidate({ id: says?.["id"] ?? id, origin, facts, size });
    return card.id === id && !card.known ? { version: 1, card } : undefined;
  } catch {
    return undefined;
  }
}

function readDownload(value: unknown, key: RecordKey): DownloadRecord | undefined {
  const from = fieldsOf(value);
  const id = idOf(from?.["id"]);
  const pins = from?.["pins"] === undefined ? undefined : filesOf(from["pins"]);
  if (!from || id === undefined || downloadKey(id) !== key || (from["pins"] !== undefined && !pins)) return undefined;
  return {
    version: 1,
    id,
    // Unless it is known to be wanted, it is not fetched.
    paused: flagOf(from["paused"]) ?? true,
    start: flagOf(from["start"]) ?? false,
    addedAt: timeOf(from["addedAt"]) ?? 0,
    ...present({ pins, hashes: oneOf(statements, from["hashes"]) }),
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

function readComparison(value: unknown): Comparison | undefined {
  const from = fieldsOf(value);
  const at = timeOf(from?.["at"]);
  const [equal, total, rate] = [countOf(from?.["equal"]), countOf(from?.["total"]), amountOf(from?.["rate"])];
  if (at === undefined || equal === undefined || total === undefined || rate === undefined) return undefined;
  const difference = fieldsOf(from?.["difference"]);
  const [question, expected, given] = ["question", "expected", "given"].map((name) => textOf(difference?.[name]) ?? "");
  return {
    ...{ at, adapter: textOf(from?.["adapter"], 1000) ?? "", equal, total, rate },
    // That there was one is kept, whatever is known of it.
    ...(from?.["difference"] === undefined
      ? {}
      : { difference: { question: question!, expected: expected!, given: given! } }),
  };
}

export const installedForm: Form<InstalledModel> = { kind: "model", read: readInstalled };

export const addedForm: Form<AddedModel> = { kind: "added-model", read: readAdded };

export const downloadForm: Form<DownloadRecord> = { kind: "download", read: readDownload };
