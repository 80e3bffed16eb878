// What a model in the MLC layout consists of, read from its own files. They may come from anywhere, so each name and size is
// checked before it is used. Not for: fetching or keeping them.
import { AppError, thrownText } from "../../platform/app-error";
import { LIBRARY, type ModelFile, type PackageFacts } from "../protocol";

export const CONFIGURATION = "mlc-chat-config.json";
export const WEIGHTS = "tensor-cache.json";
/** The file in which Islet's recipes, mirror and exports state every file of a model with its size and hash. */
export const PINS = "islet-model.json";

/** Bytes that no file of a kind should exceed. */
const LIMITS = { json: 64e6, library: 256e6, weights: 2 ** 31 };
const MOST_FILES = 5_000;

/** What is known of a file before it is there. */
export type ExpectedFile = Partial<ModelFile>;

const invalid = (what: string) => new AppError("model-invalid", what, "none");

/** Parses JSON of a model. Throws AppError "model-invalid". */
export function parseJson(bytes: ArrayBuffer, name: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    throw invalid(`${name}: ${thrownText(error)}`);
  }
  throw invalid(`${name}: not a JSON object`);
}

/** Checks that a name is one of a plain file: no path, nothing hidden, nothing that an object has by nature. */
function plainName(name: unknown, where: string): string {
  if (typeof name !== "string" || !/^\w[\w.-]{0,127}$/.test(name) || name in {})
    throw invalid(`${where}: not a file name: ${JSON.stringify(name)?.slice(0, 80)}`);
  return name;
}

function size(bytes: unknown, name: string): number {
  if (!Number.isSafeInteger(bytes) || (bytes as number) <= 0 || (bytes as number) > limitOf(name))
    throw invalid(`${name}: not a size: ${String(bytes).slice(0, 40)}`);
  return bytes as number;
}

/** The most bytes that a file of this name may have. */
export function limitOf(name: string): number {
  if (name.endsWith(".wasm")) return LIMITS.library;
  return /\.(json|model)$/.test(name) ? LIMITS.json : LIMITS.weights;
}

/** Which files a model has, from its configuration and its list of weights; sizes for the weights only. */
export function filesOfModel(
  configuration: Record<string, unknown>,
  weights: Record<string, unknown>,
  manifest?: string,
): Record<string, ExpectedFile> {
  const tokenizers = configuration["tokenizer_files"];
  if (!Array.isArray(tokenizers)) throw invalid(`${CONFIGURATION}: no tokenizer_files`);
  const tokenizer = ["tokenizer.json", "tokenizer.model"].find((name) => tokenizers.includes(name));
  if (!tokenizer) throw invalid(`${CONFIGURATION}: neither tokenizer.json nor tokenizer.model`);
  const records = weights["records"];
  if (!Array.isArray(records) || records.length === 0 || records.length > MOST_FILES)
    throw invalid(`${WEIGHTS}: no list of weights`);
  const files: Record<string, ExpectedFile> = { [CONFIGURATION]: {}, [WEIGHTS]: {}, [tokenizer]: {}, [LIBRARY]: {} };
  if (manifest) files[manifest] = {};
  for (const record of records as unknown[]) {
    const { dataPath, nbytes } = (record ?? {}) as { dataPath?: unknown; nbytes?: unknown };
    const name = plainName(dataPath, WEIGHTS);
    if (name in files) throw invalid(`${WEIGHTS}: ${name} is listed twice`);
    files[name] = { bytes: size(nbytes, name) };
  }
  return files;
}

/** Reads islet-model.json: the pinned files, and what it says of the model. */
export function readPins(content: Record<string, unknown>): {
  id?: string;
  facts?: PackageFacts;
  files: Record<string, ModelFile>;
} {
  const listed = content["files"];
  if (typeof listed !== "object" || listed === null) throw invalid(`${PINS}: no files`);
  const entries = Object.entries(listed as Record<string, unknown>);
  if (entries.length > MOST_FILES) throw invalid(`${PINS}: too many files`);
  const files: Record<string, ModelFile> = {};
  for (const [name, value] of entries) {
    const { bytes, integrity } = (value ?? {}) as { bytes?: unknown; integrity?: unknown };
    if (typeof integrity !== "string" || !/^sha256-[A-Za-z0-9+/]{43}=$/.test(integrity))
      throw invalid(`${PINS}: ${name.slice(0, 80)}: not a SHA-256`);
    files[plainName(name, PINS)] = { bytes: size(bytes, name), integrity };
  }
  for (const needed of [CONFIGURATION, WEIGHTS, LIBRARY])
    if (!(needed in files)) throw invalid(`${PINS}: ${needed} is missing`);
  const { id, facts } = content;
  return {
    files,
    ...(id === undefined ? {} : { id: plainName(id, PINS) }),
    ...(typeof facts === "object" && facts !== null ? { facts: readFacts(facts as Record<string, unknown>) } : {}),
  };
}

function readFacts(facts: Record<string, unknown>): PackageFacts {
  const text = (key: "name" | "publisher" | "licence") => {
    const value = facts[key];
    return typeof value === "string" && value !== "" && value.length <= 100 ? { [key]: value } : {};
  };
  const parameters = facts["parameters"];
  return {
    ...text("name"),
    ...text("publisher"),
    ...text("licence"),
    ...(Number.isSafeInteger(parameters) && (parameters as number) > 0 ? { parameters: parameters as number } : {}),
  };
}

/** Throws AppError when the bytes of a file cannot be what its name says, as far as that can be seen without a hash. */
export function checkForm(name: string, bytes: ArrayBuffer): void {
  if (name.endsWith(".json")) parseJson(bytes, name);
  else if (name.endsWith(".wasm") && new TextDecoder().decode(bytes.slice(0, 4)) !== "\0asm")
    throw invalid(`${name}: not a WebAssembly module`);
}
