// Tries ways out of a thread and sees what the browser does: what the proof needs in the page and in every worker, here since every room's
// worker answers it from its own global scope. Not for: the page's own ways and what they mean (trust/probe/probe.ts).

/** Milliseconds in which a browser refuses: at once, but a busy machine takes longer. */
const PATIENCE = 3000;
/** Milliseconds after a failure in which the browser may still say which line of the policy it was. */
const SETTLING = 150;

/** `threw`: the name of the error; `passed`: nothing refused. */
export type Outcome = { line: string } | { threw: string } | { passed: true };

/** Tries to reach `url`, and gives what tidies up after it, or a promise of that. Throws or rejects where something failed. */
export type Attempt = (url: string) => unknown;

/** Keywords that stand for an address where something is refused before it has one. */
const KEYWORD = /^(inline|eval|blob|data|trusted-types-(sink|policy))$/;

/**
 * Makes one attempt, and gives what came of it. Attempts on different hosts can be made at once, each told by its host; one that is refused
 * before it has an address is told by a keyword, and has to be made alone.
 */
export async function tryWay(attempt: Attempt, url: string, byKeyword = false): Promise<Outcome> {
  const { hostname } = new URL(url);
  let tidy: unknown;
  const outcome = await new Promise<Outcome>((resolve) => {
    const seen = (event: Event) => {
      const { blockedURI, effectiveDirective: line } = event as SecurityPolicyViolationEvent;
      const mine = URL.canParse(blockedURI)
        ? new URL(blockedURI).hostname === hostname
        : byKeyword && KEYWORD.test(blockedURI);
      if (!mine) return;
      removeEventListener("securitypolicyviolation", seen);
      resolve({ line });
    };
    addEventListener("securitypolicyviolation", seen);
    const end = (given: Outcome, after: number) =>
      setTimeout(() => {
        removeEventListener("securitypolicyviolation", seen);
        resolve(given);
      }, after);
    end({ passed: true }, byKeyword ? PATIENCE / 3 : PATIENCE);
    // Some browsers report the refusal and fail as well.
    new Promise((done) => done(attempt(url))).then(
      (given) => (tidy = given),
      (error: unknown) => end({ threw: error instanceof Error ? error.name : String(error) }, SETTLING),
    );
  });
  // The policy is both in the page and in the server's headers, and each reports.
  if (byKeyword) await new Promise((resolve) => setTimeout(resolve, SETTLING));
  if (typeof tidy === "function") (tidy as () => void)();
  return outcome;
}

/** Ways out of a worker. */
export const workerWays = {
  fetch: (url) => fetch(url, { mode: "no-cors" }),
  xhr: (url) => {
    const request = new XMLHttpRequest();
    request.open("GET", url);
    request.send();
  },
  websocket: (url) => {
    const socket = new WebSocket(url.replace("https:", "wss:"));
    return () => socket.close();
  },
  websocketstream: (url) => {
    const { WebSocketStream: Stream } = globalThis as unknown as {
      WebSocketStream: new (url: string) => { opened: Promise<unknown> };
    };
    return new Stream(url.replace("https:", "wss:")).opened;
  },
  eventsource: (url) => {
    const source = new EventSource(url);
    return () => source.close();
  },
  webtransport: (url) => {
    const transport = new WebTransport(url);
    transport.closed.catch(() => {});
    return transport.ready;
  },
  module: (url) => import(/* @vite-ignore */ url).then(() => {}),
  importscripts: (url) => importScripts(url),
  blobworker: (url) => {
    const code = URL.createObjectURL(new Blob([`fetch(${JSON.stringify(url)}, { mode: "no-cors" }).catch(() => {})`]));
    const worker = new Worker(code);
    return () => worker.terminate();
  },
} satisfies Record<string, Attempt>;

export type WorkerWay = keyof typeof workerWays;

/** What each needs; a thread without it does not have that way out. */
const needs: Partial<Record<WorkerWay, string>> = {
  xhr: "XMLHttpRequest",
  websocketstream: "WebSocketStream",
  eventsource: "EventSource",
  webtransport: "WebTransport",
  blobworker: "Worker",
};

/** `blocked`: by the line of a policy that `line` names; `refused`: by a rule of the browser; `named`: let through, as the policy names it. */
export interface WayReport {
  way: string;
  verdict: "blocked" | "refused" | "removed" | "unavailable" | "named" | "open";
  line?: string;
}

/** The page's order to a worker, which answers with a list of WayReport. */
export interface ProbeOrder {
  kind: "probe";
  /** The name of the worker, as part of a host's name. */
  place: string;
  /** Addresses that the policy names, to be asked as well. */
  hosts: readonly string[];
  port: MessagePort;
}

/** Where the attempts go: an address that belongs to nobody (RFC 2606). Each has a host of its own, by which it is told. */
export const ELSEWHERE = "https://islet-probe.example";
export const addressFor = (way: string, place: string): string =>
  ELSEWHERE.replace("//", `//${way}-${place}.`.toLowerCase()) + "/";

/** Answers the orders of the proof from here on; to be called before the worker listens for others. `more`: what only this worker has. */
export function answerProbe(more: () => WayReport[] = () => []): void {
  addEventListener("message", (event) => {
    const order = (event as MessageEvent<Partial<ProbeOrder> | null>).data;
    if (order?.kind !== "probe") return;
    event.stopImmediatePropagation();
    const { place, hosts, port } = order as ProbeOrder;
    const done = tryWorkerWays(place, hosts).then((reports) => port.postMessage([...reports, ...more()]));
    (event as Partial<ExtendableEvent>).waitUntil?.(done);
  });
}

async function tryWorkerWays(place: string, hosts: readonly string[]): Promise<WayReport[]> {
  const ways = Object.entries(workerWays) as [WorkerWay, Attempt][];
  const addressed = ways.filter(([way]) => way !== "blobworker");
  const reports = await Promise.all([
    ...addressed.map(([way, attempt]) => tryWorkerWay(way, attempt, place)),
    ...hosts.map((host) => tryNamed(host)),
  ]);
  return [...reports, await tryWorkerWay("blobworker", workerWays.blobworker, place)];
}

async function tryWorkerWay(way: WorkerWay, attempt: Attempt, place: string): Promise<WayReport> {
  if (!((needs[way] ?? "self") in globalThis)) return { way, verdict: "unavailable" };
  const outcome = await tryWay(attempt, addressFor(way, place), way === "blobworker");
  if ("line" in outcome) return { way, verdict: "blocked", ...outcome };
  // A service worker imports nothing once it is installed, and no module loads classic scripts.
  const ruledOut = way === "importscripts" || (way === "module" && "registration" in globalThis);
  return { way, verdict: ruledOut && "threw" in outcome ? "refused" : "open" };
}

/** Asks a host that the policy names. */
async function tryNamed(host: string): Promise<WayReport> {
  const outcome = await tryWay((url) => fetch(url, { mode: "no-cors", method: "HEAD" }), host);
  const way = new URL(host).host;
  return "line" in outcome ? { way, verdict: "blocked", ...outcome } : { way, verdict: "named" };
}
