// The service worker: the app's shell from its own cache, so that the page opens without a network. Not for: models,
// which the store worker fetches and keeps in IndexedDB; a request for one passes through untouched.
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from "workbox-precaching";
import { NavigationRoute, registerRoute } from "workbox-routing";
import { NetworkFirst } from "workbox-strategies";

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: { url: string; revision: string | null }[] };

/** Seconds after which a network that does not answer counts as none. */
const PATIENCE = 3;

precacheAndRoute(self.__WB_MANIFEST);
cleanupOutdatedCaches();
registerRoute(new NavigationRoute(createHandlerBoundToURL("index.html"), { denylist: [/\/models\//] }));

// The policy is the one of now wherever there is a network, and the last one that was read wherever there is none.
const policyAddress = new URL("policy.json", self.registration.scope);
const policyReader = new NetworkFirst({
  cacheName: "islet-policy",
  networkTimeoutSeconds: PATIENCE,
  plugins: [
    // A server in trouble is like no network; one that has no policy is not.
    { fetchDidSucceed: async ({ response }) => (response.status >= 500 ? Promise.reject(new Error("5xx")) : response) },
  ],
});
registerRoute(({ url }) => url.href === policyAddress.href, policyReader);
self.addEventListener("install", (event) => {
  const [response, done] = policyReader.handleAll({
    event,
    request: new Request(policyAddress, { cache: "no-cache" }),
  });
  event.waitUntil(Promise.all([response, done]).catch(() => {}));
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// A waiting version takes over only when a person said so (pwa/updates.svelte.ts).
self.addEventListener("message", (event) => {
  if ((event.data as { type?: string } | null)?.type === "SKIP_WAITING") void self.skipWaiting();
});
