// What the components of this room, and those above it, share.
import { createContext } from "svelte";
import type { ModelActions } from "./model-actions.svelte";
import type { Models } from "./models.svelte";

export const [useModels, provideModels] = createContext<Models>();
export const [useModelActions, provideModelActions] = createContext<ModelActions>();
