// What tells this deployment from others on its origin. All pages of an origin share its databases, caches, channels and locks, so that
// the name of each carries the folder of the deployment. (While developing, workers lie elsewhere and take another folder for theirs.)

/** The path of the folder that the app lies in; begins and ends with "/". */
const folder: string = folderOfThread();

function folderOfThread(): string {
  const { registration, location } = globalThis as { registration?: { scope: string }; location?: { href: string } };
  if (typeof document !== "undefined") return new URL(".", document.baseURI).pathname;
  if (registration) return new URL(registration.scope).pathname;
  // The scripts of workers lie in assets/.
  return location ? new URL("..", location.href).pathname : "/";
}

/** The name of a database, cache, channel or lock of this deployment: "islet" is "islet/" at the root of an origin, "islet/app/" below it. */
export const named = (name: string): string => name + folder;

/** The address of the app's folder. */
export const deploymentAddress = (): string => location.origin + folder;

/**
 * The databases that hold models: the first three by the names that their runtime gives them, for configurations, libraries and weights; the last for
 * models that are handed to their runtime. All pages of an origin share them. Each has one object store "urls" of { url, data }.
 */
export const modelDatabases = ["webllm/config", "webllm/wasm", "webllm/model", "gguf/model"] as const;

/** Whether an address in these databases is that of a model's file of this deployment, not of one above or below it. */
export function isOwnModelAddress(url: string): boolean {
  const base = deploymentAddress();
  return url.startsWith(base) && /^models\/[^/]+\/resolve\/main\//.test(url.slice(base.length));
}
