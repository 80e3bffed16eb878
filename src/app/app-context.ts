// What the app's own screens and sections share beside what each room shares of its own.
import { createContext } from "svelte";
import type { Install } from "../pwa/install.svelte";
import type { Updates } from "../pwa/updates.svelte";
import type { Runs } from "../runs/runs.svelte";
import type { Records } from "../storage/records";
import type { Room, Shell } from "../ui/room";
import type { Retention } from "./retention.svelte";

export interface AppState {
  install: Install;
  updates: Updates;
  records: Records;
  retention: Retention;
  runs: Runs;
  shell: Shell;
  /** In the order in which their sections stand in the settings. */
  rooms: readonly Room[];
}

export const [useApp, provideApp] = createContext<AppState>();
