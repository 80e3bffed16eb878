// The service worker: the app's shell from its own cache, so that the page opens without a network. Not for: models,
// which the store worker fetches and keeps in IndexedDB; a request for one passes through untouched.
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from "workbox-precaching";
import { NavigationRoute, registerRoute } from "workbox-routing";

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: { url: string; revision: string | null }[] };

precacheAndRoute(self.__WB_MANIFEST);
cleanupOutdatedCaches();
registerRoute(new NavigationRoute(createHandlerBoundToURL("index.html"), { denylist: [/\/models\//] }));

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// A waiting version takes over only when a person said so (pwa/updates.svelte.ts).
self.addEventListener("message", (event) => {
  if ((event.data as { type?: string } | null)?.type === "SKIP_WAITING") void self.skipWaiting();
});
