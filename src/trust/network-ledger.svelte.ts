// The network ledger as the page has it: what the service worker recorded, and what only the page sees, namely what the browser refused and
// what was fetched before there was a service worker. Not for: what an entry says (network-entry.ts).
import { download } from "../platform/download";
import type { RecordKey, Records } from "../storage/records";
import { canonical } from "./audit-chain";
import { networkKey, purposeOf, type NetworkEntry } from "./network-entry";
import { tellUnseen, UNSEEN, type UnseenRequest } from "./unseen-requests";

/** Entries that are kept at most; the oldest go first. */
const MOST = 20_000;
/** Milliseconds for which new entries are waited for before the ledger is read anew. */
const SETTLING = 300;

export class NetworkLedger {
  /** The oldest first. */
  entries = $state.raw<readonly NetworkEntry[]>([]);
  /** Called when something could not be recorded or read. */
  onFailed: (error: unknown) => void = () => {};
  /** When a service worker came to stand before this page and its workers, in milliseconds since 1970; 0: from the beginning. */
  private controlledAt = 0;
  private rereading: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly records: Records) {}

  /** Reads what there is and goes on recording. Throws AppError. */
  async begin(): Promise<void> {
    new BroadcastChannel(UNSEEN).addEventListener("message", ({ data }: MessageEvent<UnseenRequest>) =>
      this.told(data),
    );
    tellUnseen("page");
    this.watchUncontrolled();
    this.records.onChangeElsewhere((key) => {
      if (!key.startsWith("network:")) return;
      clearTimeout(this.rereading);
      this.rereading = setTimeout(() => this.read().catch((error: unknown) => this.onFailed(error)), SETTLING);
    });
    await this.read();
  }

  private async read(): Promise<void> {
    await this.records.collect();
    const all = [...(await this.records.all<NetworkEntry>("network"))].sort(([a], [b]) => (a < b ? -1 : 1));
    const over = all.splice(0, Math.max(0, all.length - MOST));
    if (over.length > 0) await this.records.remove(over.map(([key]) => key));
    this.entries = all.map(([, entry]) => entry);
  }

  private told({ id, url: address, ...facts }: UnseenRequest): void {
    // A worker does not know when its requests are no longer unseen.
    if (facts.verdict !== "blocked" && facts.time >= this.controlledAt) return;
    const url = new URL(address);
    const purpose = purposeOf(url, new URL(".", document.baseURI).href);
    this.add({ version: 1, method: "GET", origin: url.origin, path: url.pathname, purpose, bytesOut: 0, ...facts }, id);
  }

  /** What a page fetches that no service worker stands before, as the browser's own list of it says. */
  private watchUncontrolled(): void {
    const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
    if (!container || container.controller) return;
    this.controlledAt = Infinity;
    const base = new URL(".", document.baseURI).href;
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as PerformanceResourceTiming[]) {
        const { startTime, transferSize, encodedBodySize, responseStatus } = entry;
        const url = new URL(entry.name);
        const time = Math.round(performance.timeOrigin + startTime);
        // What was begun before the service worker came can end after that.
        if (!url.protocol.startsWith("http") || time >= this.controlledAt) continue;
        this.add({
          version: 1,
          time,
          method: "GET",
          origin: url.origin,
          path: url.pathname,
          asker: "page",
          purpose: purposeOf(url, base),
          verdict: transferSize === 0 ? "cache" : "sent",
          bytes: Math.min(transferSize, encodedBodySize),
          bytesOut: 0,
          status: responseStatus || null,
        });
      }
    });
    for (const type of ["navigation", "resource"]) observer.observe({ type, buffered: true });
    container.addEventListener("controllerchange", () => (this.controlledAt = Date.now()), { once: true });
    // After a reload that passes it by, the service worker is there and has to be asked.
    void container.getRegistration().then((registration) => registration?.active?.postMessage({ type: "CLAIM" }));
  }

  private add(entry: NetworkEntry, id?: string): void {
    this.entries = [...this.entries, entry];
    this.records.write(networkKey(entry, id), entry).catch((error: unknown) => this.onFailed(error));
  }

  /** Deletes the entries from before a time, in milliseconds since 1970. Gives how many. Throws AppError. */
  async removeBefore(time: number): Promise<number> {
    const all = await this.records.all<NetworkEntry>("network");
    const old = [...all].flatMap(([key, entry]) => (entry.time < time ? [key as RecordKey] : []));
    await this.records.remove(old);
    await this.read();
    return old.length;
  }

  /** Hands the ledger to the person as a file: an entry a line. */
  save(entries: readonly NetworkEntry[] = this.entries): void {
    const lines = entries.map(({ time, ...entry }) => canonical({ ...entry, time: new Date(time).toISOString() }));
    download("islet-network.jsonl", "application/jsonl", lines.map((line) => `${line}\n`).join(""));
  }
}
