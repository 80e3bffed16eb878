// What the build writes for this folder (scripts/llama-workers.mjs).
declare module "virtual:llama-workers" {
  /** The name of the file in which llama.cpp runs, beside the scripts of the other workers. */
  export const mainScript: string;
}
