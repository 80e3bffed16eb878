// The service worker: the app's shell from its own cache, so that the page opens without a network; and a record of every request that
// the page and its workers make. Not for: models, which the store worker fetches and keeps in IndexedDB; a request for one passes
// through untouched.
import { stateOf } from "../trust/harden";
import { registerRoute } from "workbox-routing";
import { NetworkOnly, type Strategy } from "workbox-strategies";
import { answerProbe } from "../platform/ways-out";
import type { RecordKey } from "../storage/forms";
import { writeWithoutKeys } from "../storage/write-without-keys";
import { serveConfirmedLinks } from "./leave";
import { boundToPolicy, heldFast, keepOwnHeaders, leavesAlone } from "./policy-headers";
import { askerOf, bytesOf, networkKey, purposeOf, type NetworkEntry, type Verdict } from "../trust/log/network-entry";
import { precacheChecked, type BuildFile } from "./checked-precache";
import { servePolicy } from "./checked-policy";

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: BuildFile[] };

/** Milliseconds in which entries are gathered before they are written. */
const GATHERING = 200;

const gathered: [RecordKey, NetworkEntry][] = [];
let writing: Promise<void> | undefined;

/** Whether a page is there that erases everything: nothing is kept meanwhile, which would only come back. */
async function erasing(): Promise<boolean> {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  return windows.some(({ url }) => new URL(url).hash === "#/erase");
}

/** Writes what was gathered. */
async function write(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, GATHERING));
  writing = undefined;
  const entries = gathered.splice(0);
  if (await erasing()) return;
  await writeWithoutKeys(entries);
}

async function note(event: ExtendableEvent, request: Request, verdict: Verdict, response?: Response): Promise<void> {
  const asked = event instanceof FetchEvent ? event : undefined;
  const { method, url: address } = asked?.request ?? request;
  const url = new URL(address);
  const client = asked && (await self.clients.get(asked.clientId || asked.resultingClientId));
  const time = Date.now();
  const entry: NetworkEntry = {
    version: 1,
    time,
    method,
    origin: url.origin,
    path: url.pathname,
    // A page that is only about to be has no client yet.
    asker: !asked ? "service-worker" : asked.request.mode === "navigate" ? "page" : askerOf(client ?? undefined),
    purpose: asked ? purposeOf(url, self.registration.scope) : "update",
    verdict,
    bytes: verdict === "sent" ? (response ? bytesOf(response.headers) : null) : 0,
    bytesOut: method === "GET" || method === "HEAD" ? 0 : (await request.clone().arrayBuffer()).byteLength,
    status: response?.status ?? null,
  };
  gathered.push([networkKey(entry), entry]);
  writing ??= write();
  await writing.catch(() => {});
}

type Plugin = Strategy["plugins"][number];
/** Hears of what goes to the network: once of each request, also where what came is then refused. */
const noteNetwork: Plugin = {
  fetchDidSucceed: async ({ request, response, event, state }) => {
    if (state) state["noted"] = true;
    event.waitUntil(note(event, request, "sent", response));
    return response;
  },
  fetchDidFail: async ({ request, event, state }) => {
    if (!state?.["noted"]) event.waitUntil(note(event, request, "failed"));
  },
};
/** Hears of what is handed out from here. */
const noteCache: Plugin = {
  cachedResponseWillBeUsed: async ({ request, cachedResponse, event }) => {
    if (cachedResponse) event?.waitUntil(note(event, request, "cache", cachedResponse));
    return cachedResponse ?? null;
  },
};
const keepNothing: Plugin = {
  cacheWillUpdate: async ({ response }) => ((await erasing()) ? null : response),
};
/** A request's plugins: the ledger, and what checks the responses. */
const watched = (...checks: Plugin[]): Plugin[] => [noteNetwork, ...checks, keepNothing, noteCache];

const takenHere = ["clientnavigate", "clientopen", "push", "notification"] as const;
answerProbe(() => takenHere.map((way) => ({ way, verdict: stateOf(way) })));

keepOwnHeaders();
precacheChecked(self.__WB_MANIFEST, watched, boundToPolicy);
servePolicy(watched);
serveConfirmedLinks();

// Everything else goes to the network as it is: from here, or by the hand of the one who asks, of which nothing more is seen than that.
for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const)
  registerRoute(({ url }) => !leavesAlone(url), new NetworkOnly({ plugins: watched(heldFast) }), method);
self.addEventListener("fetch", (event) => {
  if (leavesAlone(new URL(event.request.url))) event.waitUntil(note(event, event.request, "sent"));
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => {
  const { type } = (event.data ?? {}) as { type?: string };
  // A waiting version takes over only when a person said so (pwa/updates.svelte.ts).
  if (type === "SKIP_WAITING") void self.skipWaiting();
  // A page that was loaded around this worker.
  if (type === "CLAIM") event.waitUntil(self.clients.claim());
});
