// The shipped models as GGUF files: made once from their packages, then kept under node_modules/.cache. For the tests, which run them on llama.cpp; no
// build has them yet. Not for: how such a file is written (from-mlc.mjs).
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ggufOf } from "./from-mlc.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const CACHE = "node_modules/.cache/islet-gguf";
const SIZES = "recipes/architectures.json";

/**
 * What the files say of their models, and which sizes they have (recipes/architectures.json).
 * @type {Record<string, { sizes: string, about: import("./from-mlc.mjs").About }>}
 */
const shipped = {
  "smollm2-135m-instruct": {
    sizes: "starter",
    about: {
      name: "SmolLM2 135M Instruct",
      organization: "Hugging Face",
      licence: "Apache-2.0",
      languages: ["en"],
    },
  },
  "islet-tiny": {
    sizes: "tiny",
    about: { name: "Islet Tiny", organization: "Islet", licence: "Apache-2.0", languages: ["en"] },
  },
  "islet-reasoner": {
    sizes: "reasoner",
    about: {
      name: "Islet Reasoner",
      organization: "Islet",
      licence: "Apache-2.0",
      languages: ["en", "fr", "ja", "vi"],
    },
  },
};

/**
 * One file. `id`: of the model, as its package is called; `path`: where a server has it; `file`: where it is now; `pins`: as islet-model.json
 * has them, by name.
 * @typedef {{ id: string, path: string, file: string, pins: Record<string, { bytes: number, integrity: string }> }} GgufModel
 */

const sha256 = (bytes) => createHash("sha256").update(bytes);
const integrityOf = (bytes) => `sha256-${sha256(bytes).digest("base64")}`;

/** What the file depends on: the package by its pins, the sizes, the words, and the code that writes it. */
function keyOf(id) {
  const code = readdirSync(HERE).filter((name) => name.endsWith(".mjs"));
  const parts = [
    `public/models/${id}/resolve/main/islet-model.json`,
    SIZES,
    ...code.sort().map((name) => join(HERE, name)),
  ];
  return sha256(parts.map((path) => readFileSync(path, "utf8")).join("\0"))
    .digest("hex")
    .slice(0, 16);
}

/** Gives a package's files, each read once and held to its pin. Throws Error where one is not what was pinned. */
function packageReader(id) {
  const folder = `public/models/${id}/resolve/main`;
  const { files } = JSON.parse(readFileSync(`${folder}/islet-model.json`, "utf8"));
  /** @type {Map<string, Uint8Array>} */
  const read = new Map();
  return (name) => {
    const known = read.get(name);
    if (known) return known;
    const bytes = readFileSync(`${folder}/${name}`);
    if (integrityOf(bytes) !== files[name]?.integrity) throw new Error(`${folder}/${name} is not what was pinned`);
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    read.set(name, plain);
    return plain;
  };
}

/** The file's path; it is written if it is not there. */
function kept(id, key, { sizes, about }) {
  const file = `${CACHE}/${id}-${key}.gguf`;
  if (existsSync(file)) return file;
  const pieces = ggufOf(packageReader(id), JSON.parse(readFileSync(SIZES, "utf8"))[sizes], about);
  mkdirSync(CACHE, { recursive: true });
  // Another process may be at the same.
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, Buffer.concat(pieces));
  renameSync(unfinished, file);
  return file;
}

/** @type {GgufModel[] | undefined} */
let made;

/**
 * All of them. Reads relative to the project's folder. Two seconds the first time, then what it takes to hash them.
 * @returns {GgufModel[]}
 */
export function ggufModels() {
  made ??= Object.entries(shipped).map(([id, what]) => {
    const file = kept(id, keyOf(id), what);
    const bytes = readFileSync(file);
    const pins = { [`${id}.gguf`]: { bytes: bytes.length, integrity: integrityOf(bytes) } };
    return { id, path: `models/${id}-gguf/resolve/main/`, file, pins };
  });
  return made;
}
