// The current policy wherever the server can be asked, and the last one that was read wherever it cannot: without a network, or
// with something else answering in its place. Not for: what a policy is (trust/rules/policy-answer.ts).
import { registerRoute } from "workbox-routing";
import { NetworkFirst, type Strategy } from "workbox-strategies";
import { named } from "../platform/deployment";
import { generatingLock } from "../platform/locks";
import { FOREIGN_HEADER, hasFormOfPolicy, LAST_VALID, policyAnswer } from "../trust/rules/policy-answer";

declare const self: ServiceWorkerGlobalScope;

/** Seconds after which a network that does not answer counts as none. */
const PATIENCE = 3;
const CACHE = named("islet-policy");
type Plugin = Strategy["plugins"][number];

async function isPolicy(response: Response): Promise<boolean> {
  const answer = await policyAnswer(response.clone());
  return answer.kind === "file" && hasFormOfPolicy(answer.text);
}

const check: Plugin = {
  fetchDidSucceed: async ({ response, state }) => {
    const answer = await policyAnswer(response.clone());
    if (answer.kind !== "foreign") return response;
    if (state) state[FOREIGN_HEADER] = answer.what;
    throw new Error(`policy.json: ${answer.what}`);
  },
  // A bad policy reaches the page, which says what is wrong with it.
  cacheWillUpdate: async ({ response }) => ((await isPolicy(response)) ? response : null),
  // An older version may have kept something else.
  cachedResponseWillBeUsed: async ({ cachedResponse, state }) => {
    if (!cachedResponse || !(await isPolicy(cachedResponse))) return null;
    const headers = new Headers(cachedResponse.headers);
    headers.delete(FOREIGN_HEADER);
    const foreign = state?.[FOREIGN_HEADER] as string | undefined;
    if (foreign) headers.set(FOREIGN_HEADER, foreign);
    return new Response(cachedResponse.body, { headers });
  },
};

/** The version of a policy that is kept under a name; NaN where there is none. */
async function versionOf(name: string): Promise<number> {
  const kept = await caches.match(new URL(name, self.registration.scope).href, { cacheName: CACHE });
  const { version } = Object(await kept?.json()) as { version?: unknown };
  return Number(version);
}

/**
 * Takes over unasked where the previous version of the app cannot start any more, because the server's policy is of a later version than the
 * last one that it read. Waits for answers that are being written.
 */
async function replaceOutgrown(): Promise<void> {
  if ((await versionOf("policy.json")) > (await versionOf(LAST_VALID)))
    await navigator.locks.request(generatingLock, () => self.skipWaiting());
}

/** Answers requests for the policy. `watched` gives the plugins of a request. */
export function servePolicy(watched: (...checks: Plugin[]) => Plugin[]): void {
  const address = new URL("policy.json", self.registration.scope);
  const reader = new NetworkFirst({
    cacheName: CACHE,
    networkTimeoutSeconds: PATIENCE,
    fetchOptions: { redirect: "manual" },
    plugins: watched(check),
  });
  registerRoute(({ url }) => url.href === address.href, reader);
  self.addEventListener("install", (event) => {
    const request = new Request(address, { cache: "no-cache" });
    const kept = Promise.all(reader.handleAll({ event, request })).catch(() => {});
    event.waitUntil(kept);
    // The installation itself does not wait for an answer to end.
    void kept.then(replaceOutgrown).catch(() => {});
  });
}
