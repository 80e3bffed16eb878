// npm run mirror: copies models of the catalogue into a folder that a plain web server can serve, with the hash of every file;
// and checks such a folder. The policy's `mirror` names its address, and the app then asks nobody else for models.
import { createHash } from "node:crypto";
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
} from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { runnerImport } from "vite";
import { readArguments } from "./arguments.mjs";
import { webllmModels } from "./webllm-models.mjs";

/** The same rules as the app's about what a model consists of. */
const { module: rules } = await runnerImport("./src/engine/store/package.ts");
// The form of the models of that list.
const { mlcForm: form } = (await runnerImport("./src/engine/store/mlc-form.ts")).module;
const LIBRARY = "library.wasm";
const TRIES = 4;

const usage = `Usage:
  npm run mirror -- MODEL DIR                        copies a model of WebLLM's list (npm run mirror -- --list) into DIR
  npm run mirror -- MODEL DIR --from URL [--library URL]   copies it from another folder of files
  npm run mirror -- --verify DIR                     compares every file in DIR with its hash
  npm run mirror -- --list                           the models of WebLLM's list`;

async function integrityOf(file) {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return `sha256-${hash.digest("base64")}`;
}

const parse = (file) => rules.parseJson(new Uint8Array(readFileSync(file)).buffer, file);

/** Fetches a file, with a few tries; it has its name only when all of it is there. `bytes`: its size, where known. */
async function fetchFile(url, file, bytes) {
  if (existsSync(file) && (bytes === undefined || statSync(file).size === bytes)) return console.log(`  have  ${file}`);
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(url);
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      if (/^text\/html/.test(response.headers.get("content-type") ?? ""))
        throw new Error("a web page, not a file of a model");
      await pipeline(Readable.fromWeb(response.body), createWriteStream(`${file}.part`));
      const size = statSync(`${file}.part`).size;
      if (bytes !== undefined && size !== bytes) throw new Error(`${size} bytes, not ${bytes}`);
      await rename(`${file}.part`, file);
      return console.log(`  got   ${file} (${size} bytes)`);
    } catch (error) {
      await rm(`${file}.part`, { force: true });
      if (attempt === TRIES) throw new Error(`${url}: ${error.cause?.message ?? error.message}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** attempt));
    }
  }
}

/** The hashes that the source states, if it does: a mirror, an export, or the app's own models. */
async function publishedHashes(base) {
  const response = await fetch(base + rules.PINS);
  return response.ok
    ? rules.readPins(rules.parseJson(await response.arrayBuffer(), rules.PINS), form).files
    : undefined;
}

async function mirror(id, directory, from, library) {
  const known = webllmModels().find((m) => m.id === id);
  if (!known && !from) throw new Error(`${id} is not in WebLLM's list; --from says where it is otherwise`);
  const base = from ? from.replace(/\/*$/, "/") : known.base;
  const libraryUrl = library ?? (from ? base + LIBRARY : known.library);
  const folder = join(directory, id, "resolve", "main");
  mkdirSync(folder, { recursive: true });
  const get = (name, bytes) => fetchFile(name === LIBRARY ? libraryUrl : base + name, join(folder, name), bytes);
  console.log(`${id} from ${base}`);
  for (const name of form.lists) await get(name);
  const lists = form.lists.map((name) => parse(join(folder, name)));
  const expected = form.filesOf(lists, known?.manifest);
  for (const [name, { bytes }] of Object.entries(expected)) await get(name, bytes);
  const published = from ? await publishedHashes(base) : undefined;
  const files = {};
  for (const name of Object.keys(expected).sort()) {
    const file = join(folder, name);
    if (/\.(json|wasm)$/.test(name)) form.checkForm(name, new Uint8Array(readFileSync(file)).buffer);
    files[name] = { bytes: statSync(file).size, integrity: await integrityOf(file) };
    if (published && published[name]?.integrity !== files[name].integrity) {
      await rm(file);
      throw new Error(`${file}: not the file that ${base}${rules.PINS} states; it was removed`);
    }
  }
  await writeFile(join(folder, rules.PINS), `${JSON.stringify({ id, files }, null, 1)}\n`);
  console.log(`${id}: ${Object.keys(files).length} files, ${rules.PINS} written`);
}

/** What is wrong with a mirror, a line each. */
async function faultsOf(directory) {
  const models = readdirSync(directory).filter((name) => statSync(join(directory, name)).isDirectory());
  if (models.length === 0) return [`${directory}: no model`];
  const faults = [];
  for (const model of models) {
    const folder = join(directory, model, "resolve", "main");
    const pins = join(folder, rules.PINS);
    if (!existsSync(pins)) {
      faults.push(`${pins}: missing, so the copy was not finished`);
      continue;
    }
    const { id, files } = rules.readPins(parse(pins), form);
    if (id !== undefined && id !== model) faults.push(`${pins}: is of ${id}, not of ${model}`);
    for (const [name, { bytes, integrity }] of Object.entries(files)) {
      const file = join(folder, name);
      if (!existsSync(file)) faults.push(`${file}: missing`);
      else if (statSync(file).size !== bytes) faults.push(`${file}: ${statSync(file).size} bytes, not ${bytes}`);
      else if ((await integrityOf(file)) !== integrity) faults.push(`${file}: not the recorded bytes`);
    }
    for (const name of readdirSync(folder))
      if (name !== rules.PINS && !(name in files)) faults.push(`${join(folder, name)}: not in ${rules.PINS}`);
  }
  return faults;
}

try {
  const { values, positionals } = readArguments(usage, 0, 2, {
    verify: { type: "string" },
    list: { type: "boolean" },
    from: { type: "string" },
    library: { type: "string" },
  });
  if (values.list) for (const { id } of webllmModels()) console.log(id);
  else if (values.verify) {
    const faults = await faultsOf(values.verify);
    for (const fault of faults) console.error(fault);
    if (faults.length > 0) process.exit(1);
    console.log(`${values.verify}: every file is what was recorded.`);
  } else if (positionals.length === 2) await mirror(positionals[0], positionals[1], values.from, values.library);
  else {
    console.error(usage);
    process.exit(2);
  }
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
