// A model as GGUF: one file with all that it needs, or several that are numbered. They may come from anywhere, so each name and size is checked before
// it is used. Not for: fetching or keeping them.
import { readModel } from "../gguf/gguf-model";
import { folderOf, invalid, nameOf } from "./package";
import type { StoreForm } from "./store-form";

/** Bytes that no file should exceed. */
const LIMIT = 2 ** 36;

/** How the parts of a model are named that is in several files. */
const PART = /-(\d{5})-of-(\d{5})\.gguf$/;

const isModel = (name: string) => name.endsWith(".gguf");

/** The files of the model, the first part first. Throws AppError "model-invalid" where there are none, or some parts alone. */
export function partsOf(names: readonly string[]): string[] {
  const models = names.filter(isModel).sort();
  if (models.length === 0) throw invalid("there is no .gguf file");
  const [, , count] = PART.exec(models[0]!) ?? [];
  if (models.length !== Number(count ?? 1))
    throw invalid(`${models.length} files of a model that has ${Number(count ?? 1)}`);
  return models;
}

/** Of files that lie together, those of the one model that is there. */
function gather<File extends { path: string }>(given: readonly File[]): Record<string, File> {
  const models = given.filter(({ path }) => isModel(path));
  const folder = folderOf(models[0]?.path ?? "");
  const files = Object.fromEntries(
    given.filter(({ path }) => folderOf(path) === folder).map((file) => [nameOf(file.path), file]),
  );
  partsOf(Object.keys(files));
  return files;
}

export const ggufForm: StoreForm = {
  placeOf: (name) => (isModel(name) ? { database: "gguf/model", kept: "parts" } : { database: "gguf/model" }),
  lists: [],
  filesOf: () => {
    throw invalid("the names of a model's files are not known");
  },
  needed: [],
  isWeights: isModel,
  limitOf: () => LIMIT,
  suspect: "",
  checkForm: () => {},
  checkParts: async (files) => void (await readModel(Object.values(files))),
  gather,
};
