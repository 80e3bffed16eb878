// Which Content-Security-Policy was really sent, for the page, its workers and the service worker, against the policy of this site. Not for: how
// two are compared (policy-judgement.ts), how it is shown (SentPolicyView.svelte), or trying it out (probe.ts).
import { policy } from "./current-policy";
import { ALLOWLIST } from "./rules/allowlist";
import { ownAddress } from "./allowlist-here";
import { CSP, OWN_HEADERS, runningWorkers, workerPlace } from "./own-policy";
import { contentSecurityPolicy } from "./rules/policy";
import { judge, type Judgement } from "./rules/policy-judgement";

export interface SentPolicy extends Judgement {
  /** "page", "service-worker", or the name of a worker's script, such as "store-worker". */
  place: string;
  /** As it came; null without one. */
  header: string | null;
  /** Whether the header Connection-Allowlist came with it; undefined where that is not known. */
  allowlist?: boolean;
  /** Set for a running worker that started with another policy than it would start with now. */
  running: boolean;
}

const base = () => new URL(".", document.baseURI).href;

async function headersOf(address: string): Promise<Headers> {
  // Through the service worker where there is one, as the browser asks for a worker's script.
  const response = await fetch(address, { cache: "force-cache" });
  if (!response.ok) throw new Error(`${address}: HTTP ${response.status}`);
  return response.headers;
}

/** The scripts of all workers of this build: as listed in its record or, without a network, those that are cached here. */
async function workerScripts(): Promise<string[]> {
  const addresses = await fetch(`${base()}build.json`)
    .then((response) => response.json() as Promise<{ files: Record<string, string> }>)
    .then(({ files }) => Object.keys(files).map((file) => base() + file), keptAddresses);
  return [...new Set(addresses)].filter((address) => workerPlace(address) !== undefined);
}

async function keptAddresses(): Promise<string[]> {
  const kept = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
  return kept.flat().map(({ url }) => url.replace(/[?].*$/, "")).filter((url) => url.startsWith(base())); // prettier-ignore
}

/** The headers of the service worker's script when it was installed, which binds it until another one takes its place. */
async function serviceWorkerHeaders(): Promise<Headers | undefined> {
  const registration = await (navigator.serviceWorker as ServiceWorkerContainer | undefined)?.getRegistration();
  const { scriptURL } = registration?.active ?? {};
  if (!scriptURL) return undefined;
  const kept = await caches.match(scriptURL, { cacheName: OWN_HEADERS });
  return kept ? kept.headers : headersOf(scriptURL);
}

/** What was sent for each place, judged. Throws where it cannot be read, for example because the server is down. */
export async function sentPolicies(): Promise<SentPolicy[]> {
  const demanded = contentSecurityPolicy(policy, "header");
  const inPage = [...document.querySelectorAll<HTMLMetaElement>(`meta[http-equiv="${CSP}"]`)].map((tag) => tag.content);
  const judged = (place: string, header: string | null): SentPolicy => {
    const kind = place === "page" ? "page" : "worker";
    const found = judge(header, demanded, location.origin, kind, kind === "page" ? inPage : []);
    return { place, header, running: false, ...found };
  };
  const came = (place: string, headers: Headers): SentPolicy => ({
    ...judged(place, headers.get(CSP)),
    allowlist: headers.has(ALLOWLIST),
  });
  const [page, serviceWorker, workers, running] = await Promise.all([
    headersOf(ownAddress()),
    serviceWorkerHeaders(),
    workerScripts().then((all) =>
      Promise.all(all.map(async (url) => [workerPlace(url)!, await headersOf(url)] as const)),
    ),
    runningWorkers(),
  ]);
  const older = running.filter(({ place, header }) =>
    workers.some(([name, sent]) => name === place && sent.get(CSP) !== header),
  );
  const distinct = new Map(older.map((worker) => [JSON.stringify(worker), worker]));
  return [
    came("page", page),
    ...(serviceWorker ? [came("service-worker", serviceWorker)] : []),
    ...workers.map(([place, headers]) => came(place, headers)),
    ...[...distinct.values()].map(({ place, header }) => ({ ...judged(place, header), running: true })),
  ];
}
