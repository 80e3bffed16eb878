// A model in the MLC layout: which files it has, read from its own; what each must be; and where it is kept. They may come from anywhere, so each
// name and size is checked before it is used. Not for: fetching or keeping them.
import { ownNames } from "./mlc-names";
import { modelDatabases } from "../../platform/deployment";
import { shortened } from "../../platform/shortened";
import { LIBRARY } from "../protocol";
import { folderOf, invalid, nameOf, parseJson, plainName, sizeOf, MOST_FILES } from "./package";
import type { ExpectedFile, StoreForm } from "./store-form";

const CONFIGURATION = "mlc-chat-config.json";
const MANIFEST = "mlc-model-manifest.json";
const WEIGHTS = "tensor-cache.json";

/** Bytes that no file of a kind should exceed. */
const LIMITS = { json: 64e6, library: 256e6, weights: 2 ** 31 };

const [CONFIGURATIONS, LIBRARIES, SHARDS] = modelDatabases;

function placeOf(name: string): ReturnType<StoreForm["placeOf"]> {
  if (name === CONFIGURATION || name === MANIFEST) return { database: CONFIGURATIONS };
  if (name.endsWith(".wasm")) return { database: LIBRARIES };
  return name === WEIGHTS ? { database: SHARDS, kept: "parsed" } : { database: SHARDS };
}

function limitOf(name: string): number {
  if (name.endsWith(".wasm")) return LIMITS.library;
  return /\.(json|model)$/.test(name) ? LIMITS.json : LIMITS.weights;
}

function filesOf(
  [configuration = {}, weights = {}]: readonly Record<string, unknown>[],
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
    files[name] = { bytes: sizeOf(nbytes, name, limitOf) };
  }
  return files;
}

/** The library is no part of what MLC publishes, and may lie elsewhere under a name of its own. */
function gather<File extends { path: string }>(given: readonly File[]): Record<string, File> {
  const configurations = given.filter(({ path }) => nameOf(path) === CONFIGURATION);
  if (configurations.length === 0) throw invalid(`there is no ${CONFIGURATION} among the files`);
  if (configurations.length > 1) throw invalid("there is more than one model among the files");
  const folder = folderOf(configurations[0]!.path);
  const files: Record<string, File> = {};
  for (const file of given) if (folderOf(file.path) === folder) files[nameOf(file.path)] = file;
  const libraries = given.filter(({ path }) => path.endsWith(".wasm"));
  const library =
    libraries.find((file) => file === files[LIBRARY]) ?? (libraries.length === 1 ? libraries[0] : undefined);
  if (!library) throw invalid(`the model's library is missing: one .wasm file (${libraries.length} were found)`);
  return { ...files, [LIBRARY]: library };
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

/** What parts of a model's configuration must be where they are stated; the runtime takes them as they are. */
const configurationChecks: Record<string, Check> = {
  context_window_size: (size) => size === -1 || (Number.isInteger(size) && numberWithin(1, 1e8)(size)),
  prefill_chunk_size: (size) => size === -1 || (Number.isInteger(size) && numberWithin(1, 1e6)(size)),
  ...Object.fromEntries(Object.values(ownNames).map((name) => [name, numberWithin(-10, 10)])),
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

/** Throws AppError "model-invalid" where a configuration would make the prompt endless, or is of other types than the runtime expects. */
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

function checkForm(name: string, bytes: ArrayBuffer): void {
  if (name === CONFIGURATION) checkConfiguration(parseJson(bytes, name));
  else if (name.endsWith(".json")) parseJson(bytes, name);
  else if (name.endsWith(".wasm") && new TextDecoder().decode(bytes.slice(0, 4)) !== "\0asm")
    throw invalid(`${name}: not a WebAssembly module`);
}

export const mlcForm: StoreForm = {
  placeOf,
  lists: [CONFIGURATION, WEIGHTS],
  filesOf,
  needed: [CONFIGURATION, WEIGHTS, LIBRARY],
  isWeights: (name) => name.endsWith(".bin"),
  limitOf,
  suspect: CONFIGURATION,
  checkForm,
  gather,
};
