// What a model in the MLC layout consists of, read from its own files. They may come from anywhere, so each name and size is
// checked before it is used. Not for: fetching or keeping them.
import { AppError, thrownText } from "../../platform/app-error";
import { shortened } from "../../platform/shortened";
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
    throw invalid(`${where}: not a file name: ${shortened(String(JSON.stringify(name)), 80)}`);
  return name;
}

function size(bytes: unknown, name: string): number {
  if (!Number.isSafeInteger(bytes) || (bytes as number) <= 0 || (bytes as number) > limitOf(name))
    throw invalid(`${name}: not a size: ${shortened(String(bytes), 40)}`);
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
      throw invalid(`${PINS}: ${shortened(name, 80)}: not a SHA-256`);
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

type Check = (value: unknown) => boolean;
const textUpTo =
  (letters: number): Check =>
  (value) =>
    typeof value === "string" && value.length <= letters;
const listOf =
  (item: Check, least: number, most: number): Check =>
  (value) =>
    Array.isArray(value) && value.length >= least && value.length <= most && value.every(item);
const recordOf =
  (item: Check): Check =>
  (value) =>
    typeof value === "object" && value !== null && Object.keys(value).length <= 16 && Object.values(value).every(item);
const numberWithin =
  (least: number, most: number): Check =>
  (value) =>
    typeof value === "number" && value >= least && value <= most;
/** A template that has each of its places at most once: no short message becomes an endless prompt. */
const template: Check = (value) => textUpTo(32_000)(value) && [...(value as string).matchAll(/\{\w+\}/g)].length <= 8;

/** What parts of a model's configuration must be where they are stated; WebLLM takes them as they are. */
const configurationChecks: Record<string, Check> = {
  context_window_size: (size) => size === -1 || (Number.isInteger(size) && numberWithin(1, 1e8)(size)),
  prefill_chunk_size: (size) => size === -1 || (Number.isInteger(size) && numberWithin(1, 1e6)(size)),
  temperature: numberWithin(0, 10),
  top_p: numberWithin(0, 1),
  repetition_penalty: numberWithin(0, 10),
};
const templateChecks: Record<string, Check> = {
  system_template: template,
  system_message: textUpTo(32_000),
  roles: recordOf(textUpTo(200)),
  role_templates: recordOf(template),
  seps: listOf(textUpTo(200), 1, 16),
  role_content_sep: textUpTo(200),
  role_empty_sep: textUpTo(200),
  // An empty one would be found in every answer, at its beginning.
  stop_str: listOf((stop) => stop !== "" && textUpTo(200)(stop), 0, 64),
  stop_token_ids: listOf(Number.isSafeInteger, 0, 256),
  system_prefix_token_ids: listOf(Number.isSafeInteger, 0, 1024),
};

/** Throws AppError "model-invalid" where a configuration would make the prompt endless, or is of other types than WebLLM expects. */
function checkConfiguration(configuration: Record<string, unknown>): void {
  const conversation = configuration["conv_template"];
  const parts: [string, unknown, Record<string, Check>][] = [["", configuration, configurationChecks]];
  if (conversation !== undefined) parts.push(["conv_template.", conversation, templateChecks]);
  for (const [where, part, checks] of parts) {
    if (typeof part !== "object" || part === null)
      throw invalid(`${CONFIGURATION}: ${where.slice(0, -1)} is no object`);
    for (const [name, check] of Object.entries(checks)) {
      const value = (part as Record<string, unknown>)[name];
      // Converters write null where there is nothing.
      if (value !== undefined && value !== null && !check(value))
        throw invalid(`${CONFIGURATION}: ${where}${name}: ${shortened(String(JSON.stringify(value)), 80)}`);
    }
  }
}

/** Throws AppError when the bytes of a file cannot be what its name says, as far as that can be seen without a hash. */
export function checkForm(name: string, bytes: ArrayBuffer): void {
  if (name === CONFIGURATION) checkConfiguration(parseJson(bytes, name));
  else if (name.endsWith(".json")) parseJson(bytes, name);
  else if (name.endsWith(".wasm") && new TextDecoder().decode(bytes.slice(0, 4)) !== "\0asm")
    throw invalid(`${name}: not a WebAssembly module`);
}
