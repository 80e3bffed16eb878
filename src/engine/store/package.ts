// What the packages of all forms have in common: names, sizes, JSON, and islet-model.json, which states every file. They may come from anywhere, so
// each name and size is checked before it is used. Not for: what a form consists of (mlc-form.ts), or fetching and keeping.
import { AppError, thrownText } from "../../platform/app-error";
import { shortened } from "../../platform/shortened";
import type { ModelFile, PackageFacts } from "../protocol";
import type { StoreForm } from "./store-form";

/** The file in which Islet's recipes, mirror and exports state every file of a model with its size and hash. */
export const PINS = "islet-model.json";
export const MOST_FILES = 5_000;

export const invalid = (what: string) => new AppError("model-invalid", what, "none");

export const folderOf = (path: string) => path.slice(0, path.lastIndexOf("/") + 1);
export const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);

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
export function plainName(name: unknown, where: string): string {
  if (typeof name !== "string" || !/^\w[\w.-]{0,127}$/.test(name) || name in {})
    throw invalid(`${where}: not a file name: ${shortened(String(JSON.stringify(name)), 80)}`);
  return name;
}

/** Throws AppError "model-invalid" unless it is a number of bytes that a file of this name may have. */
export function sizeOf(bytes: unknown, name: string, limitOf: (name: string) => number): number {
  if (!Number.isSafeInteger(bytes) || (bytes as number) <= 0 || (bytes as number) > limitOf(name))
    throw invalid(`${name}: not a size: ${shortened(String(bytes), 40)}`);
  return bytes as number;
}

/** Reads islet-model.json: the pinned files of a model of this form, and what it says of the model. */
export function readPins(
  content: Record<string, unknown>,
  { needed, limitOf }: Pick<StoreForm, "needed" | "limitOf">,
): {
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
    files[plainName(name, PINS)] = { bytes: sizeOf(bytes, name, limitOf), integrity };
  }
  for (const name of needed) if (!(name in files)) throw invalid(`${PINS}: ${name} is missing`);
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
