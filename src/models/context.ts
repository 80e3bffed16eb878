// What the components of this room, and those above it, share.
import { createContext } from "svelte";
import type { Models } from "./models.svelte";

export const [useModels, provideModels] = createContext<Models>();
