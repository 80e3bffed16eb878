// Whether what is stored of a model is still what it was when it came.
import type { LoadProgress, ModelSource } from "../protocol";
import { isStored, storedFile } from "./artifact-store";
import { integrityOf } from "../../platform/integrity";
import { Meter } from "./meter";

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
    const bytes = await storedFile(model, name).catch(() => undefined);
    if (!bytes || bytes.byteLength !== size || (await integrityOf(bytes)) !== integrity) damaged.push(name);
    meter.add(size);
  }
  return damaged;
}
