// Models on their way to this device: a queue, one at a time, that can be paused, continues after the tab was closed, and follows what other
// tabs do with the same model. Not for: how files are fetched and verified (engine/store).
import { SvelteMap } from "svelte/reactivity";
import type { StoreClient } from "../engine/client/store-client";
import type { LoadProgress, ModelFile } from "../engine/protocol";
import { AppError, errorData, isCancelled, type ErrorData } from "../platform/app-error";
import type { Records } from "../storage/records";
import { demandModel, policy } from "../trust/current-policy";
import { demandSamePolicy } from "../trust/policy-watch.svelte";
import { addressOf, baseUrlOf, type ModelCard } from "./catalogue/catalogue";
import { downloadKey, downloadForm, type DownloadRecord, type HashesFrom } from "./model-forms";
import type { Installed } from "./installed.svelte";

export interface Download {
  card: ModelCard;
  status: "queued" | "running" | "paused" | "failed";
  start: boolean;
  progress: LoadProgress;
  error?: ErrorData;
}

interface Waiter {
  onProgress?: ((progress: LoadProgress) => void) | undefined;
  resolve(): void;
  reject(error: unknown): void;
}

export interface BringOptions {
  start?: boolean;
  /** The hashes that the files were checked against before, and who stated them. */
  before?: { files: Readonly<Record<string, ModelFile>>; hashes: HashesFrom };
  onProgress?: (progress: LoadProgress) => void;
}

const cancelled = () => new DOMException("cancelled", "AbortError");
const nothing: LoadProgress = { phase: "queued", done: 0, total: 0 };

export class Downloads {
  /** By id of the model, in the order in which they come. */
  readonly all = new SvelteMap<string, Download>();
  private readonly records = new Map<string, DownloadRecord>();
  private readonly waiters = new Map<string, Waiter[]>();
  private running: { id: string; controller: AbortController } | undefined;

  constructor(
    private readonly store: StoreClient,
    private readonly installed: Installed,
    private readonly storage: Records,
  ) {
    storage.onChangeElsewhere((changed) => {
      if (changed.startsWith("download:")) void this.follow(changed.slice("download:".length));
    });
  }

  /**
   * Compares every file of an installed model with its hash, and fetches the damaged ones again. Returns their names.
   * Throws AppError, or an AbortError.
   */
  async mend(card: ModelCard, onProgress: (progress: LoadProgress) => void): Promise<string[]> {
    const before = this.installed.models.get(card.id);
    if (!before) return [];
    // Before anything is removed that could not be fetched again.
    demandModel(card);
    const source = this.installed.source(card);
    const damaged = await this.store.check(source, true, onProgress);
    if (damaged.length > 0) {
      if (!addressOf(card, policy.network)) throw new AppError("import-damaged", damaged.join(", "), "none");
      await this.installed.remove(card.id);
      await this.bring(card, { before, onProgress });
    } else await this.installed.change(card.id, { verifiedAt: Date.now() });
    return damaged;
  }

  /** Shows what an earlier visit left unfinished, and goes on with what was not paused. */
  async begin(): Promise<void> {
    const found = [...(await this.storage.all(downloadForm)).values()];
    for (const record of found.sort((a, b) => a.addedAt - b.addedAt)) this.adopt(record);
    void this.pump();
  }

  /**
   * Brings a model to this device; at once, or after those that are in the queue. Throws AppError, or an AbortError when it was
   * paused or cancelled.
   */
  async bring(card: ModelCard, options: BringOptions = {}): Promise<void> {
    const old = this.records.get(card.id);
    const start = options.start ?? false;
    const { files: pins = old?.pins, hashes = old?.hashes } = options.before ?? {};
    const addedAt = old?.addedAt ?? Date.now();
    const waiting = new Promise<void>((resolve, reject) => {
      const waiter = { onProgress: options.onProgress, resolve, reject };
      this.waiters.set(card.id, [...(this.waiters.get(card.id) ?? []), waiter]);
    });
    // The caller gets the failure; the list shows it as well.
    waiting.catch(() => {});
    const held = { ...(pins ? { pins } : {}), ...(hashes ? { hashes } : {}) };
    await this.save({ version: 1, id: card.id, paused: false, start, addedAt, ...held });
    const there = this.all.get(card.id);
    if (there?.status === "running") this.all.set(card.id, { ...there, start });
    else this.all.set(card.id, { card, status: "queued", start, progress: nothing });
    this.report(card.id, this.all.get(card.id)!.progress);
    void this.pump();
    return waiting;
  }

  /** Continues a paused or failed download. Its failure is shown by `all`, not thrown. */
  async resume(id: string): Promise<void> {
    const download = this.all.get(id);
    if (download) await this.bring(download.card, { start: download.start }).catch(() => {});
  }

  /** Stops for now. Finished files stay. */
  async pause(id: string): Promise<void> {
    const record = this.records.get(id);
    if (!record) return;
    await this.save({ ...record, paused: true });
    this.hold(id);
  }

  /** Gives up, and removes what was downloaded. */
  async cancel(id: string): Promise<void> {
    if (!this.all.has(id)) return;
    this.drop(id);
    await this.storage.remove([downloadKey(id)]);
    await this.store.remove(baseUrlOf(id));
  }

  /** Another tab finished the model: there is nothing left to do here. */
  installedElsewhere(id: string): void {
    if (this.installed.models.has(id)) this.finish(id);
  }

  private adopt(record: DownloadRecord): void {
    const card = this.installed.card(record.id);
    if (!card) return;
    this.records.set(record.id, record);
    const download: Download = {
      card,
      status: record.paused ? "paused" : "queued",
      start: record.start,
      progress: nothing,
    };
    try {
      demandModel(card);
      this.all.set(record.id, download);
    } catch (error) {
      // What was downloaded can be removed.
      this.all.set(record.id, { ...download, status: "failed", error: errorData(error) });
    }
  }

  /** Does what another tab did with a download. */
  private async follow(id: string): Promise<void> {
    const record = await this.storage.read(downloadKey(id), downloadForm);
    if (!record) this.drop(id);
    else if (!this.all.has(id) || (this.all.get(id)!.status === "paused" && !record.paused)) {
      this.adopt(record);
      void this.pump();
    } else {
      this.records.set(id, record);
      if (record.paused) this.hold(id);
    }
  }

  private async save(record: DownloadRecord): Promise<void> {
    this.records.set(record.id, record);
    await this.storage.write(downloadKey(record.id), record);
  }

  private hold(id: string): void {
    const download = this.all.get(id);
    if (!download || download.status === "paused") return;
    this.all.set(id, { ...download, status: "paused" });
    this.abort(id);
    this.settle(id, (waiter) => waiter.reject(cancelled()));
  }

  private drop(id: string): void {
    this.all.delete(id);
    this.records.delete(id);
    this.abort(id);
    this.settle(id, (waiter) => waiter.reject(cancelled()));
  }

  private finish(id: string): void {
    if (!this.all.has(id)) return;
    this.all.delete(id);
    this.records.delete(id);
    this.abort(id);
    void this.storage.remove([downloadKey(id)]).catch(() => {});
    this.settle(id, (waiter) => waiter.resolve());
  }

  private abort(id: string): void {
    if (this.running?.id === id) this.running.controller.abort();
  }

  private settle(id: string, how: (waiter: Waiter) => void): void {
    const waiting = this.waiters.get(id) ?? [];
    this.waiters.delete(id);
    waiting.forEach(how);
  }

  private report(id: string, progress: LoadProgress): void {
    for (const waiter of this.waiters.get(id) ?? []) waiter.onProgress?.(progress);
  }

  /** Starts the next one, unless one is running. */
  private async pump(): Promise<void> {
    if (this.running) return;
    const next = [...this.all.values()].find((d) => d.status === "queued");
    if (!next) return;
    const { id } = next.card;
    const controller = new AbortController();
    this.running = { id, controller };
    this.all.set(id, { ...next, status: "running" });
    try {
      await this.fetch(next.card, controller.signal).catch((error: unknown) => {
        // A worker that died is replaced once; what it had finished is kept.
        if (!(error instanceof AppError) || error.code !== "worker-crashed") throw error;
        return this.fetch(next.card, controller.signal);
      });
      this.finish(id);
    } catch (error) {
      const download = this.all.get(id);
      // Ended by a person: that is already shown.
      if (download?.status === "running") {
        const data = isCancelled(error) ? undefined : errorData(error);
        this.all.set(id, { ...download, status: data ? "failed" : "paused", ...(data ? { error: data } : {}) });
        this.settle(id, (waiter) => waiter.reject(error));
      }
    } finally {
      this.running = undefined;
      void this.pump();
    }
  }

  private async fetch(card: ModelCard, signal: AbortSignal): Promise<void> {
    demandModel(card);
    await demandSamePolicy();
    const address = addressOf(card, policy.network);
    if (!address) throw new AppError("import-damaged", card.id, "none");
    const { pins, hashes = "recorded" } = this.records.get(card.id) ?? {};
    const order = {
      id: card.id,
      form: card.form,
      baseUrl: baseUrlOf(card.id),
      ...address,
      network: policy.network,
      files: card.pins ?? pins,
      manifest: card.manifest,
    };
    const stored = await this.store.download(
      order,
      (progress) => {
        const download = this.all.get(card.id);
        if (download?.status !== "running") return;
        this.all.set(card.id, { ...download, progress });
        this.report(card.id, progress);
      },
      signal,
    );
    signal.throwIfAborted();
    const stated: HashesFrom = stored.compared ? "mirror" : "recorded";
    await this.installed.add(card, {
      files: stored.files,
      hashes: card.pins ? "build" : pins ? hashes : stated,
      source: address.from,
    });
  }
}
