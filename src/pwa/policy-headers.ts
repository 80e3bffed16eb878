// Part of the service worker: the policy in force reaches the page and its workers also where the stored files came with another one, or with
// none. A response may carry several policies, and all of them are enforced, so that this can only narrow. Not for: the policy file itself
// (service-worker.ts), or what a policy demands (trust/rules/policy.ts).
import { named } from "../platform/deployment";
import { ALLOWLIST, narrowedAllowlist } from "../trust/rules/allowlist";
import { CSP, OWN_HEADERS } from "../trust/own-policy";
import { contentSecurityPolicy, type Enforced } from "../trust/rules/policy";
import { holdsConnections, judge } from "../trust/rules/policy-judgement";

declare const self: ServiceWorkerGlobalScope;

/** Where the last policy that was read is kept. */
const POLICY_CACHE = named("islet-policy");
const scope = self.registration.scope;
/** Pages, and the scripts that workers begin with. */
const bound = /(\/|\/index[.]html|-worker-[^/]*[.]js)$/;

/** The policy in force, as it was read; undefined before one was, an empty object where it cannot be read. */
export async function keptPolicy(): Promise<object | undefined> {
  const kept = await caches.match(new URL("policy.json", scope).href, { cacheName: POLICY_CACHE });
  return kept?.json().then(
    (policy: unknown) => Object(policy) as object,
    () => ({}),
  );
}

/** The rules in force; undefined before a policy was read. One that cannot be read allows nothing, as it does in the page. */
async function rulesInForce(): Promise<Enforced | undefined> {
  const policy = (await keptPolicy()) as Enforced | undefined;
  if (!policy) return undefined;
  try {
    const { modelHosts, mirror } = policy.network;
    const network = { modelHosts: modelHosts.map(String), mirror: mirror === null ? null : String(mirror) };
    return { version: policy.version, network, features: policy.features };
  } catch {
    return { version: 3, network: { modelHosts: [], mirror: null }, features: {} };
  }
}

async function withPolicy(response: Response): Promise<Response> {
  const rules = await rulesInForce();
  if (!rules || response.type === "opaque" || response.redirected) return response;
  const demanded = contentSecurityPolicy(rules, "header");
  // Returns the stored file unchanged where that is enough, since browsers cache its compiled code.
  const wider = judge(response.headers.get(CSP), demanded, self.location.origin, "page").wider.length > 0;
  const sent = response.headers.get(ALLOWLIST);
  const allowlist = narrowedAllowlist(sent, rules);
  if (!wider && sent === allowlist) return response;
  const headers = new Headers(response.headers);
  if (wider) headers.append(CSP, demanded);
  headers.set(ALLOWLIST, allowlist);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

/** For what is answered from the precache. */
export const boundToPolicy = {
  handlerWillRespond: ({ request, response }: { request: Request; response: Response }): Promise<Response> =>
    bound.test(new URL(request.url).pathname) ? withPolicy(response) : Promise.resolve(response),
};

/**
 * Whether this service worker itself turned out to be held less strictly than the policy demands: it was installed with another policy, or none. What
 * it fetches for others could then be redirected anywhere, unseen by their policy.
 */
let loose = false;

async function look(): Promise<boolean> {
  const [rules, own] = await Promise.all([
    rulesInForce(),
    // To open it would make it.
    caches.match(self.location.href, { cacheName: OWN_HEADERS }),
  ]);
  loose = rules !== undefined && !holdsConnections(own?.headers.get(CSP) ?? null, rules.network, self.location.origin);
  return loose;
}

/** Whether a request must be left to whoever made it, so that their own policy sees where it is redirected. */
export function leavesAlone(url: URL): boolean {
  if (url.origin === self.location.origin || !loose) return false;
  // It may have changed by the next time.
  void look();
  return true;
}

/** For requests that go to the network: where the weaker policy is only found now, at least no redirect is followed. The request can be made again. */
export const heldFast = {
  requestWillFetch: async ({ request }: { request: Request }): Promise<Request> =>
    new URL(request.url).origin !== self.location.origin && (await look())
      ? new Request(request, { redirect: "error" })
      : request,
};

/** Keeps the header of this script, by which this service worker is bound, from its installation on. */
export function keepOwnHeaders(): void {
  const next = `${self.location.href}?next`;
  self.addEventListener("install", (event) => {
    const keep = async () => {
      const { headers } = await fetch(self.location.href, { cache: "no-cache" });
      await (await caches.open(OWN_HEADERS)).put(next, new Response(null, { headers }));
    };
    event.waitUntil(keep().catch(() => {}));
  });
  // Until then the one before is at work.
  self.addEventListener("activate", (event) => {
    const move = async () => {
      const cache = await caches.open(OWN_HEADERS);
      const kept = await cache.match(next);
      if (kept) await cache.put(self.location.href, kept);
      await cache.delete(next);
    };
    event.waitUntil(
      move()
        .then(look)
        .catch(() => {}),
    );
  });
  void look().catch(() => {});
}
