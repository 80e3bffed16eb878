// Whether what is stored of a model is still what it was when it came.
import { AppError } from "../../platform/app-error";
import type { LoadProgress, ModelFile, ModelSource } from "../protocol";
import { forms } from "./artifact-forms";
import { isKeptInParts, isStored, removeFiles, storedBlob, storedFile, type Kept } from "./artifact-store";
import { integrityOf } from "../../platform/integrity";
import { Meter } from "./meter";
import { hashOf } from "./part-writer";

/** What a stored file is now, read as it lies there; undefined where it is not there. `onBytes` hears of what was read. */
export async function keptAs(
  kept: Kept,
  name: string,
  onBytes: (bytes: number) => void = () => {},
): Promise<ModelFile | undefined> {
  if (isKeptInParts(kept, name)) {
    const file = await storedBlob(kept, name);
    return file && hashOf(file.stream(), onBytes);
  }
  const bytes = await storedFile(kept, name);
  if (!bytes) return undefined;
  onBytes(bytes.byteLength);
  return { bytes: bytes.byteLength, integrity: await integrityOf(bytes) };
}

/** Throws AppError "model-invalid", and keeps nothing of the model, where files that are kept in parts are no model of their form. */
export async function checkParts(kept: Kept, names: readonly string[]): Promise<void> {
  const { checkParts } = forms[kept.form];
  if (!checkParts) return;
  const files: Record<string, Blob> = {};
  for (const name of names) {
    const file = isKeptInParts(kept, name) ? await storedBlob(kept, name) : undefined;
    if (file) files[name] = file;
  }
  await checkParts(files).catch(async (error: unknown) => {
    await removeFiles(kept.baseUrl);
    throw error;
  });
}

/** Says that these files are not what they were when they came. */
export const corrupt = (names: readonly string[]) =>
  new AppError("cache-corrupt", `not the pinned bytes: ${names.join(", ")}`, "repair");

/** The names of the model's files that are not stored. */
export async function missingFiles(model: ModelSource): Promise<string[]> {
  const names = Object.keys(model.files);
  const stored = await Promise.all(names.map((name) => isStored(model, name)));
  return names.filter((_, i) => !stored[i]);
}

/** The names of the model's files that are not stored, or not as they came. */
export async function damagedFiles(
  model: ModelSource,
  tell: (progress: LoadProgress) => void = () => {},
): Promise<string[]> {
  const damaged: string[] = [];
  const total = Object.values(model.files).reduce((sum, f) => sum + f.bytes, 0);
  const meter = new Meter("verify", total, tell);
  for (const [name, { bytes: size, integrity }] of Object.entries(model.files)) {
    const file = await keptAs(model, name, (n) => meter.add(n)).catch(() => undefined);
    if (file?.bytes !== size || file.integrity !== integrity) damaged.push(name);
    meter.add(size - (file?.bytes ?? 0));
  }
  return damaged;
}
