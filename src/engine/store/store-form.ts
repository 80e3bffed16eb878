// What the store must know of a form of models (`ArtifactForm`): one file beside this one says it for each. Not for: which forms there are (artifact-forms.ts).
import type { modelDatabases } from "../../platform/deployment";
import type { ModelFile } from "../protocol";

/** What is known of a file before it is there. */
export type ExpectedFile = Partial<ModelFile>;

/** A file that was given by hand: its path within what was given. */
interface Given {
  path: string;
}

export interface StoreForm {
  /** Where a file of this name is kept, so that its runtime finds it, and as what: as what its JSON says, or as Blobs, in parts; else as bytes. */
  placeOf(name: string): { database: (typeof modelDatabases)[number]; kept?: "parsed" | "parts" };
  /** The files that say which others there are, by which alone that can be found out. */
  lists: readonly string[];
  /** Which files a model has, as its lists say, in their order; with sizes where these are stated. Throws AppError "model-invalid". */
  filesOf(lists: readonly Record<string, unknown>[], manifest?: string): Record<string, ExpectedFile>;
  /** Without these it is no model. */
  needed: readonly string[];
  /** Most bytes of a model are in files of this kind; all others come first, so that it can begin to load meanwhile. */
  isWeights(name: string): boolean;
  /** The most bytes that a file of this name may have. */
  limitOf(name: string): number;
  /** The file whose form is checked also where its hash was published: that says who made it, not that it is harmless. */
  suspect: string;
  /** Throws AppError "model-invalid" when the bytes of a file cannot be what its name says, as far as that can be seen without a hash. */
  checkForm(name: string, bytes: ArrayBuffer): void;
  /** The same for files that are kept in parts, whose content is read as far as it must be. */
  checkParts?(files: Readonly<Record<string, Blob>>): Promise<void>;
  /** Of given files those of one model, by the names under which they are kept. Throws AppError "model-invalid". */
  gather<File extends Given>(given: readonly File[]): Record<string, File>;
}
