// The network ledger as the page has it: what the service worker recorded, and what only the page sees, namely what the browser refused and
// what was fetched before there was a service worker. Not for: what an entry says (network-entry.ts).
import { download } from "../../platform/save-file";
import type { RecordKey } from "../../storage/forms";
import type { Records } from "../../storage/records";
import { canonical } from "./audit-chain";
import { networkForm } from "./log-forms";
import { networkKey, purposeOf, type NetworkEntry } from "./network-entry";
import { tellUnseen, UNSEEN, type UnseenRequest } from "./unseen-requests";

/** Entries that are kept at most; the oldest go first. */
const MOST = 20_000;
/** Milliseconds to wait for more entries before the ledger is read again. */
const SETTLING = 300;

export class NetworkLedger {
  /** The oldest first, while they are shown. */
  entries = $state.raw<readonly NetworkEntry[]>([]);
  /** When an entry with this time was really made, at the latest: the clock may have been wrong. */
  timeOf = $state.raw<(time: number) => number>((time) => time);
  /** Called when something could not be recorded or read. */
  onFailed: (error: unknown) => void = () => {};
  /** When a service worker took control of this page and its workers, in milliseconds since 1970; 0: from the beginning. */
  private controlledAt = 0;
  private shown = 0;
  private readonly keys = new WeakMap<NetworkEntry, RecordKey>();
  private rereading: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly records: Records) {}

  /** Records from now on what only the page sees. */
  begin(): void {
    new BroadcastChannel(UNSEEN).addEventListener("message", ({ data }: MessageEvent<UnseenRequest>) =>
      this.told(data),
    );
    tellUnseen("page");
    this.watchUncontrolled();
    void this.records.collect().catch((error: unknown) => this.onFailed(error));
    this.records.onChangeElsewhere((key) => {
      if (key.startsWith("network:")) this.changed();
    });
  }

  /** Keeps `entries` in step with what is stored, until the returned function is called. */
  show(): () => void {
    this.shown++;
    this.changed(0);
    return () => void this.shown--;
  }

  /** Something was written or deleted: what is shown is read again, once for changes that come together. */
  private changed(after = SETTLING): void {
    if (this.shown === 0) return;
    clearTimeout(this.rereading);
    const read = async () => {
      const stored = await this.stored();
      for (const [key, entry] of stored) this.keys.set(entry, key);
      this.entries = stored.map(([, entry]) => entry);
    };
    this.rereading = setTimeout(() => void read().catch((error: unknown) => this.onFailed(error)), after);
  }

  /** The key of an entry that is shown. */
  keyOf(entry: NetworkEntry): RecordKey | undefined {
    return this.keys.get(entry);
  }

  private async stored(): Promise<[RecordKey, NetworkEntry][]> {
    await this.records.collect();
    return [...(await this.records.all(networkForm))].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /**
   * Records that the service worker's script was asked for, which the browser does by itself, past the service worker. `time`: milliseconds since
   * 1970. `answered`: it could be read; the browser tells nothing more.
   */
  lookedForVersion(address: string, time: number, answered: boolean): void {
    const { origin, pathname: path } = new URL(address);
    const facts = { asker: "service-worker", purpose: "update", bytesOut: 0, status: null } as const;
    const outcome = answered ? ({ verdict: "sent", bytes: null } as const) : ({ verdict: "failed", bytes: 0 } as const);
    this.add({ version: 1, time, method: "GET", origin, path, ...facts, ...outcome });
  }

  private told({ id, url: address, ...facts }: UnseenRequest): void {
    // A worker does not know when its requests are no longer unseen.
    if (facts.verdict !== "blocked" && facts.time >= this.controlledAt) return;
    const url = new URL(address);
    const purpose = purposeOf(url, new URL(".", document.baseURI).href);
    this.add({ version: 1, method: "GET", origin: url.origin, path: url.pathname, purpose, bytesOut: 0, ...facts }, id);
  }

  /** What a page without a service worker fetches, by the browser's own list. */
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
    this.records
      .write(networkKey(entry, id), entry)
      .then(() => this.changed())
      .catch((error: unknown) => this.onFailed(error));
  }

  /** Deletes the entries that are too old. Returns how many. Throws AppError. */
  async removeWhere(isOld: (time: number) => boolean): Promise<number> {
    return this.remove((await this.stored()).filter(([, { time }]) => isOld(time)));
  }

  /** How many entries are of such a time. Throws AppError. */
  async countWhere(isOld: (time: number) => boolean): Promise<number> {
    return (await this.stored()).filter(([, { time }]) => isOld(time)).length;
  }

  /** Deletes the oldest entries where there are more than are kept. Gives how many. Throws AppError. */
  async removeExcess(): Promise<number> {
    if ((await this.records.count("network")) <= MOST) return 0;
    const all = (await this.stored()).map((found) => ({ found, time: this.timeOf(found[1].time) }));
    const old = all.sort((a, b) => a.time - b.time).slice(0, all.length - MOST);
    return this.remove(old.map(({ found }) => found));
  }

  private async remove(old: readonly [RecordKey, NetworkEntry][]): Promise<number> {
    await this.records.remove(old.map(([key]) => key));
    this.changed(0);
    return old.length;
  }

  /** Hands the ledger to the person as a file: an entry a line. */
  save(entries: readonly NetworkEntry[]): void {
    const lines = entries.map(({ time, ...entry }) => canonical({ ...entry, time: new Date(time).toISOString() }));
    download("islet-network.jsonl", "application/jsonl", lines.map((line) => `${line}\n`).join(""));
  }
}
