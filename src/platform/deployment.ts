// What tells this deployment from others on its origin. All pages of an origin share its databases, caches, channels and locks, so that
// the name of each carries the folder of the deployment. Not for: weights, whose addresses carry it already (engine/store).

/** The path of the folder that the app lies in; begins and ends with "/". */
export const deploymentFolder: string = folderOfThread();

function folderOfThread(): string {
  const { registration, location } = globalThis as { registration?: { scope: string }; location?: { href: string } };
  if (typeof document !== "undefined") return new URL(".", document.baseURI).pathname;
  if (registration) return new URL(registration.scope).pathname;
  // The scripts of workers lie in assets/.
  return location ? new URL("..", location.href).pathname : "/";
}

/** The name of a database, cache, channel or lock of this deployment: "islet" is "islet/" at the root of an origin, "islet/app/" below it. */
export const named = (name: string): string => name + deploymentFolder;
