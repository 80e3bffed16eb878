// An entry of the network ledger: one request, as the service worker or the page saw it. Pure. Not for: where entries come from
// (pwa/service-worker.ts, network-ledger.svelte.ts).
import { ELSEWHERE } from "../../platform/ways-out";
import type { RecordKey, StoredRecord } from "../../storage/forms";

/** What asked. */
export type Asker = "page" | "store" | "engine" | "proof" | "service-worker" | "other";
/** Why it was made: for the app's own files, its policy, the record of its build, a model, a new version of the app, or the proof that nothing leaves. */
export type Purpose = "app" | "policy" | "build" | "model" | "update" | "proof";
/** `sent`: it went to the network; `failed`: it was sent but not answered; `cache`: this device answered it; `blocked`: the browser refused it. */
export type Verdict = "sent" | "failed" | "cache" | "blocked";

export interface NetworkEntry extends StoredRecord {
  version: 1;
  /** Milliseconds since 1970. */
  time: number;
  method: string;
  origin: string;
  path: string;
  asker: Asker;
  purpose: Purpose;
  verdict: Verdict;
  /** Bytes received, as the server states them; null where it does not. */
  bytes: number | null;
  /** Bytes of the body that was sent. */
  bytesOut: number;
  /** The HTTP status; null without an answer. */
  status: number | null;
  /** The line of the policy that refused it. */
  line?: string;
}

/** In the order of time. */
export function networkKey({ time }: Pick<NetworkEntry, "time">, id: string = crypto.randomUUID()): RecordKey {
  return `network:${new Date(time).toISOString()} ${id}`;
}

/** What asked, by the address of the page or of the worker's script. */
export function askerOf(client: { type: string; url: string } | undefined): Asker {
  if (client?.type === "window") return "page";
  const name = /\/(store|engine|probe)-worker/.exec(client?.url ?? "")?.[1];
  return name === "probe" ? "proof" : ((name as "store" | "engine" | undefined) ?? "other");
}

/** What a request is for, as its address tells. `base`: the folder of the app. */
export function purposeOf(url: URL, base: string): Purpose {
  // WebSockets have a scheme of their own.
  if (`.${url.hostname}`.endsWith(`.${new URL(ELSEWHERE).hostname}`)) return "proof";
  if (!url.href.startsWith(base)) return "model";
  const path = url.href.slice(base.length);
  if (path.startsWith("models/")) return "model";
  if (path === "policy.json") return "policy";
  return path === "build.json" || path === "sbom.json" ? "build" : "app";
}

/** How many bytes the server says it sent, compressed or not; null where it does not say. */
export function bytesOf(headers: Headers): number | null {
  const stated = headers.get("content-length");
  return stated !== null && /^\d+$/.test(stated) ? Number(stated) : null;
}

/** Sums of requests that went to the network. */
export interface Traffic {
  requests: number;
  bytes: number;
  bytesOut: number;
  /** Requests whose server did not say how many bytes came. */
  unknown: number;
  /** Of the last one; undefined without one. */
  last: number | undefined;
}

/** What went over the network, to the app's own origin and to any other. */
export function trafficOf(entries: readonly NetworkEntry[], ownOrigin: string): Record<"own" | "elsewhere", Traffic> {
  const none = (): Traffic => ({ requests: 0, bytes: 0, bytesOut: 0, unknown: 0, last: undefined });
  const traffic = { own: none(), elsewhere: none() };
  for (const { origin, verdict, bytes, bytesOut, time } of entries) {
    if (verdict !== "sent" && verdict !== "failed") continue;
    const sum = traffic[origin === ownOrigin ? "own" : "elsewhere"];
    sum.requests++;
    sum.bytes += bytes ?? 0;
    sum.bytesOut += bytesOut;
    if (bytes === null && verdict === "sent") sum.unknown++;
    sum.last = Math.max(sum.last ?? 0, time);
  }
  return traffic;
}
