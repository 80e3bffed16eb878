// Part of the service worker: the way out for a link that a person has confirmed. The page may connect to no foreign host, navigation included, so
// that it is this page without such a header that leads there: only to an address it was given a moment ago, and only once. The address
// is in no address of ours, so that nobody else can lead anybody on by it. Not for: asking the person (trust/views/LinkDialog.svelte).
import { registerRoute } from "workbox-routing";
import { allows } from "../trust/rules/feature-rules";
import { readLink } from "../trust/foreign-link";
import { LEAVE, type LeaveAnswer, type LeaveOrder } from "../trust/leave-order";
import { keptPolicy } from "./policy-headers";

declare const self: ServiceWorkerGlobalScope;

/** Milliseconds in which the page must be opened. */
const PATIENCE = 10_000;
/** Confirmed addresses by the query of the page that leads there. */
const confirmed = new Map<string, string>();

/** Whether the policy in force lets links be opened; one that cannot be read does not. */
async function mayOpen(): Promise<boolean> {
  const policy = await keptPolicy();
  return policy === undefined || allows(policy, "openLinks");
}

async function confirm(url: unknown): Promise<LeaveAnswer> {
  const link = typeof url === "string" ? readLink(url) : undefined;
  if (link?.kind !== "web" || link.url !== url || !(await mayOpen())) return null;
  const query = `?${crypto.randomUUID()}`;
  confirmed.set(query, link.url);
  setTimeout(() => confirmed.delete(query), PATIENCE);
  return query;
}

const headers = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-DNS-Prefetch-Control": "off",
  "Cache-Control": "no-store",
};

function leadOn({ search }: URL): Response {
  const url = confirmed.get(search);
  confirmed.delete(search);
  if (url === undefined) return new Response(null, { status: 404, headers });
  const address = url.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
  return new Response(`<!doctype html><meta http-equiv="refresh" content="0;url=${address}">`, { headers });
}

/** Answers pages that confirm a link, and the navigation that follows. Nothing of it goes over the network. */
export function serveConfirmedLinks(): void {
  const { origin, pathname } = new URL(LEAVE, self.registration.scope);
  self.addEventListener("message", (event) => {
    const { type, url } = (event.data ?? {}) as Partial<LeaveOrder>;
    if (type === "LEAVE") event.waitUntil(confirm(url).then((answer) => event.ports[0]?.postMessage(answer)));
  });
  registerRoute(
    ({ url, request }) => request.mode === "navigate" && url.origin === origin && url.pathname === pathname,
    ({ url }) => Promise.resolve(leadOn(url)),
  );
}
