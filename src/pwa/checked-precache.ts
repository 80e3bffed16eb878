// The app's own files: kept when a version is installed, each only if it is the file of the build, and looked at again before it is handed
// out. What is not (a login page that answered in the server's place, something an older version kept, what a disk damaged) is fetched
// anew; a version with a file that cannot be fetched is not installed, and the previous one stays. Not for: the policy (checked-policy.ts).
import { cleanupOutdatedCaches, PrecacheController } from "workbox-precaching";
import { registerRoute } from "workbox-routing";
import { NetworkOnly, type Strategy } from "workbox-strategies";
import { faultOf } from "./build-file";

declare const self: ServiceWorkerGlobalScope;

/** A file of the build, as vite.config.ts lists it. */
export interface BuildFile {
  url: string;
  revision: string | null;
  /** SHA-256 of its bytes, as "sha256-" and base64. */
  integrity: string;
}
/** What pages are told (updates.svelte.ts). */
export interface NotInstalled {
  type: "NOT_INSTALLED";
  /** The file in whose place something else came, below the app's folder. */
  file: string;
}
type Plugin = Strategy["plugins"][number];

const PAGE = "index.html";
/** Without these the app does not begin. */
const NEEDED = /\.(html|js|css)$/;

/** Tells every page of the app that a version was not installed because of this file; of one without a network nothing need be said. */
async function tell(refused: string | undefined): Promise<void> {
  if (refused === undefined) return;
  const message: NotInstalled = { type: "NOT_INSTALLED", file: refused };
  for (const client of await self.clients.matchAll({ includeUncontrolled: true })) client.postMessage(message);
}

/** What was wrong while files were fetched or handed out. */
interface Found {
  /** Something that the app does not begin without was wrong in the cache. */
  broken?: boolean;
  /** The file in whose place something else came. */
  refused?: string;
}

/** Lets through what is a file of the build, by the hash of its address in `integrities`, and nothing else. Writes what was wrong into `found`. */
function checkOf(scope: string, integrities: ReadonlyMap<string, string>, found: Found): Plugin {
  const page = new URL(PAGE, scope).href;
  return {
    requestWillFetch: ({ request }) => {
      const { url, cache } = request;
      return Promise.resolve(
        // Many servers redirect from the page's file to its folder, which is the same.
        new Request(url === page ? scope : url, {
          // What the browser keeps of earlier times may be the login page.
          cache: cache === "default" ? "no-cache" : cache,
          credentials: "same-origin",
          redirect: "manual",
        }),
      );
    },
    fetchDidSucceed: async ({ request, response }) => {
      const file = request.url === scope ? page : request.url;
      const fault = await faultOf(file, response, integrities.get(file) ?? "");
      if (!fault) return response;
      found.refused = file.slice(scope.length);
      throw new Error(`${file}: ${fault}`);
    },
    cachedResponseWillBeUsed: async ({ request, cachedResponse, event }) => {
      if (!cachedResponse) return null;
      const { origin, pathname } = new URL(request.url);
      const file = origin + pathname;
      if (!(await faultOf(file, cachedResponse, integrities.get(file) ?? ""))) return cachedResponse;
      found.broken ||= event?.type === "install" && NEEDED.test(file);
      return null;
    },
  };
}

/**
 * Keeps `files`, and answers navigations and requests for them. `watched` gives the plugins of a request; `bound` sees to the headers of what is
 * handed out.
 */
export function precacheChecked(
  files: readonly BuildFile[],
  watched: (...checks: Plugin[]) => Plugin[],
  bound: Plugin,
): void {
  const scope = self.registration.scope;
  const addressOf = (url: string) => new URL(url, scope).href;
  const integrities = new Map(files.map(({ url, integrity }) => [addressOf(url), integrity]));
  const found: Found = {};
  const check = checkOf(scope, integrities, found);

  const controller = new PrecacheController({ plugins: watched(check, bound) });
  controller.addToCacheList([...files]);
  const serve = (address: string, event: ExtendableEvent) =>
    controller.createHandlerBoundToURL(address)({
      event,
      request: new Request(address),
      url: new URL(address),
      // With it, what was fetched again is kept.
      params: { integrity: integrities.get(address) },
    });
  self.addEventListener("install", (event) => {
    // The version before does not begin with what is kept of it: it has nothing to lose by being replaced unasked.
    const installed = controller.install(event).then(() => (found.broken ? self.skipWaiting() : undefined));
    event.waitUntil(
      installed.catch(async (error: unknown) => {
        await tell(found.refused);
        throw error;
      }),
    );
  });
  self.addEventListener("activate", (event) => event.waitUntil(controller.activate(event)));
  cleanupOutdatedCaches();

  const network = new NetworkOnly({ plugins: watched() });
  // Nothing below the folder is this app's: other pages can lie there.
  const pages = [new URL(scope).pathname, new URL(PAGE, scope).pathname];
  registerRoute(
    ({ url, request }) => request.mode === "navigate" && pages.includes(url.pathname),
    // Where the page cannot be had whole, a person sees what the server answers, as without a service worker: a newer page, or a login.
    ({ event, request }) => serve(addressOf(PAGE), event).catch(() => network.handle({ event, request })),
  );
  registerRoute(
    ({ url }) => integrities.has(url.href),
    ({ url, event }) => serve(url.href, event),
  );
}
