// The current policy wherever the server can be asked, and the last one that was read wherever it cannot: without a network, or
// with something else answering in its place. Not for: what a policy is (trust/policy-answer.ts).
import { registerRoute } from "workbox-routing";
import { NetworkFirst, type Strategy } from "workbox-strategies";
import { named } from "../platform/deployment";
import { FOREIGN_HEADER, hasFormOfPolicy, policyAnswer } from "../trust/policy-answer";

declare const self: ServiceWorkerGlobalScope;

/** Seconds after which a network that does not answer counts as none. */
const PATIENCE = 3;
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

/** Answers requests for the policy. `watched` gives the plugins of a request. */
export function servePolicy(watched: (...checks: Plugin[]) => Plugin[]): void {
  const address = new URL("policy.json", self.registration.scope);
  const reader = new NetworkFirst({
    cacheName: named("islet-policy"),
    networkTimeoutSeconds: PATIENCE,
    fetchOptions: { redirect: "manual" },
    plugins: watched(check),
  });
  registerRoute(({ url }) => url.href === address.href, reader);
  self.addEventListener("install", (event) => {
    const request = new Request(address, { cache: "no-cache" });
    event.waitUntil(Promise.all(reader.handleAll({ event, request })).catch(() => {}));
  });
}
