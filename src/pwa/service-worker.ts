// The service worker: the app's shell from its own cache, so that the page opens without a network; and a record of every request that
// the page and its workers make. Not for: models, which the store worker fetches and keeps in IndexedDB; a request for one passes
// through untouched.
import { stateOf } from "../trust/harden";
import { addPlugins, cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from "workbox-precaching";
import { NavigationRoute, registerRoute } from "workbox-routing";
import { NetworkFirst, NetworkOnly } from "workbox-strategies";
import { named } from "../platform/deployment";
import { answerProbe } from "../platform/ways-out";
import { writeWithoutKeys, type RecordKey } from "../storage/records";
import { askerOf, bytesOf, networkKey, purposeOf, type NetworkEntry, type Verdict } from "../trust/network-entry";

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: { url: string; revision: string | null }[] };

/** Seconds after which a network that does not answer counts as none. */
const PATIENCE = 3;
/** Milliseconds in which entries are gathered before they are written. */
const GATHERING = 200;

const gathered: [RecordKey, NetworkEntry][] = [];
let writing: Promise<void> | undefined;

/** Writes what was gathered; not while the page is there that erases everything, which would be filled again. */
async function write(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, GATHERING));
  writing = undefined;
  const entries = gathered.splice(0);
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  if (windows.some(({ url }) => new URL(url).hash === "#/erase")) return;
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
    bytes: response ? (verdict === "cache" ? 0 : bytesOf(response.headers)) : 0,
    bytesOut: method === "GET" || method === "HEAD" ? 0 : (await request.clone().arrayBuffer()).byteLength,
    status: response?.status ?? null,
  };
  gathered.push([networkKey(entry), entry]);
  writing ??= write();
  await writing.catch(() => {});
}

const watch = {
  fetchDidSucceed: async ({
    request,
    response,
    event,
  }: {
    request: Request;
    response: Response;
    event: ExtendableEvent;
  }) => {
    event.waitUntil(note(event, request, "sent", response));
    return response;
  },
  fetchDidFail: async ({ request, event }: { request: Request; event: ExtendableEvent }) => {
    event.waitUntil(note(event, request, "failed"));
  },
  cachedResponseWillBeUsed: async ({
    request,
    cachedResponse,
    event,
  }: {
    request: Request;
    cachedResponse?: Response | undefined;
    event: ExtendableEvent;
  }) => {
    if (cachedResponse) event.waitUntil(note(event, request, "cache", cachedResponse));
    return cachedResponse;
  },
};

const takenHere = ["clientnavigate", "clientopen", "push", "notification"] as const;
answerProbe(() => takenHere.map((way) => ({ way, verdict: stateOf(way) })));

addPlugins([watch]);
precacheAndRoute(self.__WB_MANIFEST);
cleanupOutdatedCaches();
registerRoute(new NavigationRoute(createHandlerBoundToURL("index.html"), { denylist: [/\/models\//] }));

// The policy is the one of now wherever there is a network, and the last one that was read wherever there is none.
const policyAddress = new URL("policy.json", self.registration.scope);
const policyReader = new NetworkFirst({
  cacheName: named("islet-policy"),
  networkTimeoutSeconds: PATIENCE,
  plugins: [
    watch,
    // A server in trouble is like no network; one that has no policy is not.
    { fetchDidSucceed: async ({ response }) => (response.status >= 500 ? Promise.reject(new Error("5xx")) : response) },
  ],
});
registerRoute(({ url }) => url.href === policyAddress.href, policyReader);
self.addEventListener("install", (event) => {
  const request = new Request(policyAddress, { cache: "no-cache" });
  event.waitUntil(Promise.all(policyReader.handleAll({ event, request })).catch(() => {}));
});

// Everything else goes to the network as it is.
for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const)
  registerRoute(() => true, new NetworkOnly({ plugins: [watch] }), method);

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => {
  const { type } = (event.data ?? {}) as { type?: string };
  // A waiting version takes over only when a person said so (pwa/updates.svelte.ts).
  if (type === "SKIP_WAITING") void self.skipWaiting();
  // A page that was loaded around this worker.
  if (type === "CLAIM") event.waitUntil(self.clients.claim());
});
