// The forms of models that the store knows, each in a file of its own.
import type { ArtifactForm } from "../contract";
import { ggufForm } from "./gguf-form";
import { mlcForm } from "./mlc-form";
import type { StoreForm } from "./store-form";

export const forms: Readonly<Record<ArtifactForm, StoreForm>> = { mlc: mlcForm, gguf: ggufForm };
