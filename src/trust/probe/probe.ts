// The proof: tries the ways out of every place where code of the app runs, and says of each what the browser did. What no page can close is
// reported as such. Not for: the ways of the page (page-ways.ts) and of workers (platform/ways-out.ts), or how it is shown (ProbeView.svelte).
import { tryWay, type Outcome, type ProbeOrder, type WayReport, type WorkerWay } from "../../platform/ways-out";
import { ALLOWLIST } from "../rules/allowlist";
import { allowlistHere } from "../allowlist-here";
import { REFUSED, stateOf, type TakenWay } from "../harden";
import { howOf, pageAddress, pageWays, UNAVAILABLE, UNGUARDED, type PageWay } from "./page-ways";

/** Milliseconds in which a worker must have started and answered. The engine's script is large. */
const WORKER_PATIENCE = 60_000;
const SERVICE_WORKER_PATIENCE = 15_000;

/** `service`: the service worker; `proof`: a worker of the proof's own. */
export const places = ["page", "proof", "engine", "store", "argon2", "service"] as const;
type Place = (typeof places)[number];
/** Starts each kind of worker, as the app does. */
export type WorkerStarters = Record<Exclude<Place, "page" | "service" | "proof">, () => Worker>;

/** `link`: one that is pressed and opens a window; `answer`: whether a worker answered at all. */
type WayId = PageWay | WorkerWay | TakenWay | "link" | "answer";

export interface ProbeResult extends Omit<WayReport, "way" | "verdict"> {
  place: Place;
  way: WayId;
  /** A host that the policy names, where that is what was tried. */
  host?: string;
  /** `notClosable`: no page can close it in this browser; `unanswered`: a worker that could not be asked. */
  verdict: WayReport["verdict"] | "notClosable" | "unanswered";
}

/** Those of the page that are only looked for: to try them would ask the person, or a service of the browser's maker. */
const lookedFor: readonly TakenWay[] = [
  ...(["webrtc", "speech", "voices", "payment", "presentation", "push", "notification"] as const),
  ...(["worklet", "pictureinpicture", "auction", "install", "share"] as const),
];

interface Sum {
  all: number;
  closed: number;
  notClosable: number;
  open: number;
  /** Places that could not be asked. */
  unanswered: number;
}

/** The sums of a proof. Hosts that the policy names are no ways out. */
export function sumUp(results: readonly ProbeResult[]): Sum {
  const ways = results.filter(({ host }) => host === undefined);
  const count = (wanted: ProbeResult["verdict"]) => ways.filter(({ verdict }) => verdict === wanted).length;
  const [notClosable, open, unanswered] = [count("notClosable"), count("open"), count("unanswered")];
  const all = ways.length;
  return { all, closed: all - notClosable - open - unanswered, notClosable, open, unanswered };
}

/**
 * Tries all ways and hands out each result as it comes. `hosts`: addresses that the policy names, which every worker asks for real; without
 * them nothing is asked that somebody could answer.
 */
export async function probe(
  onResult: (result: ProbeResult) => void,
  starters: WorkerStarters,
  hosts: readonly string[] = [],
): Promise<void> {
  const started: [Place, () => Worker][] = [
    ["proof", () => new Worker(new URL("./probe-worker.ts", import.meta.url), { type: "module", name: "islet-probe" })],
    ...(Object.entries(starters) as [Place, () => Worker][]),
  ];
  await fromPage(onResult);
  const asked = [...started.map(([place, start]) => fromWorker(place, start, hosts)), fromServiceWorker(hosts)];
  for (const results of asked) for (const result of await results) onResult(result);
}

async function fromPage(onResult: (result: ProbeResult) => void): Promise<void> {
  const allowlist = await allowlistHere();
  const ways = Object.keys(pageWays) as PageWay[];
  const attempt = async (way: PageWay): Promise<ProbeResult> => {
    const { needs, fatal, byKeyword, attempt } = howOf(way);
    const found = { place: "page", way } as const;
    if (needs !== undefined && !(needs in globalThis)) return { ...found, verdict: "unavailable" };
    if (fatal && allowlist !== undefined) return { ...found, ...closedBy(allowlist) };
    return { ...found, ...judge(way, await tryWay(attempt, pageAddress(way), byKeyword), allowlist) };
  };
  const isAlone = (way: PageWay) => howOf(way).byKeyword || howOf(way).alone;
  for (const result of await Promise.all(ways.filter((way) => !isAlone(way)).map(attempt))) onResult(result);
  for (const way of ways.filter(isAlone)) onResult(await attempt(way));
  for (const way of lookedFor) onResult({ place: "page", way, verdict: stateOf(way) });
  // Not tried: it would open a window.
  onResult({ place: "page", way: "link", ...closedBy(allowlist) });
}

/** What no line of a Content-Security-Policy closes. */
const closedBy = (allowlist: string | undefined): Pick<ProbeResult, "verdict" | "line"> =>
  allowlist === undefined ? { verdict: "notClosable" } : { verdict: "blocked", line: `${ALLOWLIST}: ${allowlist}` };

function judge(way: PageWay, outcome: Outcome, allowlist: string | undefined): Pick<ProbeResult, "verdict" | "line"> {
  const { early, never } = howOf(way);
  const threw = "threw" in outcome ? outcome.threw : undefined;
  if (threw === UNAVAILABLE) return { verdict: "unavailable" };
  if (threw === REFUSED) return { verdict: "removed" };
  // Whatever the page is told: the browser has looked the host up by then.
  if (early || threw === UNGUARDED) return closedBy(allowlist);
  if ("line" in outcome) return { verdict: "blocked", line: outcome.line };
  if (never || threw === "SecurityError") return { verdict: "refused" };
  return allowlist === undefined ? { verdict: "open" } : closedBy(allowlist);
}

async function fromWorker(place: Place, start: () => Worker, hosts: readonly string[]): Promise<ProbeResult[]> {
  const worker = start();
  try {
    return await ask(worker, place, hosts, WORKER_PATIENCE);
  } finally {
    worker.terminate();
  }
}

async function fromServiceWorker(hosts: readonly string[]): Promise<ProbeResult[]> {
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  const active = (await container?.getRegistration().catch(() => undefined))?.active;
  if (!active) return [{ place: "service", way: "answer", verdict: "unavailable" }];
  return ask(active, "service", hosts, SERVICE_WORKER_PATIENCE);
}

/** Lets a worker try its ways. One that does not answer, perhaps since it is of an older version, is said to be so. */
async function ask(
  worker: Worker | ServiceWorker,
  place: Place,
  hosts: readonly string[],
  patience: number,
): Promise<ProbeResult[]> {
  const { port1, port2 } = new MessageChannel();
  const reports = await new Promise<WayReport[] | undefined>((resolve) => {
    setTimeout(() => resolve(undefined), patience);
    worker.addEventListener("error", () => resolve(undefined), { once: true });
    port1.onmessage = ({ data }: MessageEvent<WayReport[]>) => resolve(data);
    worker.postMessage({ kind: "probe", place, hosts, port: port2 } satisfies ProbeOrder, [port2]);
  });
  port1.close();
  if (!reports) return [{ place, way: "answer", verdict: "unanswered" }];
  return reports.map(({ way, ...report }) =>
    way.includes(".") ? { place, way: "fetch", host: way, ...report } : { place, way: way as WayId, ...report },
  );
}
