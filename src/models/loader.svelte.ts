// Which model answers: loading it, bringing it first where it is not here, resting, and what went wrong. Only one load counts at a time; a newer one
// supersedes it. Not for: asking it (runs/), the queue of downloads (downloads.svelte.ts).
import type { Engines } from "../engine/client/engines";
import type { LoadedModel, LoadProgress } from "../engine/protocol";
import { AppError, appError, errorData, isCancelled, type ErrorData } from "../platform/app-error";
import { askToPersist } from "../platform/storage-estimate";
import type { Settings } from "../storage/settings.svelte";
import type { AuditLog } from "../trust/log/audit-log.svelte";
import { demandModel } from "../trust/current-policy";
import type { ModelCard } from "./catalogue/catalogue";
import type { Device } from "./device.svelte";
import type { Downloads } from "./downloads.svelte";
import type { Installed } from "./installed.svelte";

/** Seconds before the expected end of a download at which its model begins to load. */
const EARLY = 5;

/** `resting`: unloaded because nobody asked anything for a while; the next question loads it. */
type LoadState =
  | { phase: "none" }
  | { phase: "loading"; card: ModelCard; progress: LoadProgress }
  | { phase: "ready"; card: ModelCard; loaded: LoadedModel }
  | { phase: "resting"; card: ModelCard }
  | { phase: "failed"; card: ModelCard; error: ErrorData };

/** A load from its first byte to its end. */
class Load {
  /** Ends what an engine does for it. */
  private readonly ending = new AbortController();
  readonly signal = this.ending.signal;

  constructor(readonly card: ModelCard) {}

  end(): void {
    this.ending.abort(new DOMException("cancelled", "AbortError"));
  }
}

export class Loader {
  state = $state.raw<LoadState>({ phase: "none" });
  /** The models that are in memory: the one that answers and, where there is room, the one before. */
  loadedIds = $state.raw<readonly string[]>([]);
  /** The model that is loaded or about to be; the one an answer will come from. */
  readonly chosen = $derived(this.state.phase === "none" ? undefined : this.state.card);
  /** Called when a model has become ready. */
  onReady: () => void = () => {};
  /** What `ready` waits for. */
  private loading: Promise<void> | undefined;
  /** The load that counts. */
  private current: Load | undefined;

  constructor(
    private readonly engines: Engines,
    private readonly installed: Installed,
    private readonly downloads: Downloads,
    private readonly device: Device,
    private readonly settings: Settings,
    private readonly audit: AuditLog,
  ) {
    engines.onLost = (error) => this.lost(errorData(error));
  }

  /** Brings what is missing and loads the model. A failure is shown by `state`, not thrown. */
  load(card: ModelCard): Promise<void> {
    return this.track(this.run(this.begin(card)));
  }

  /** Loads the failed model again. */
  async retry(): Promise<void> {
    if (this.state.phase === "failed") await this.load(this.state.card);
  }

  /** Deletes the damaged files of the model that failed, fetches just these again, and loads it. */
  async repair(): Promise<void> {
    if (this.state.phase === "failed") await this.track(this.repairAndRun(this.state.card));
  }

  /** Puts a failure out of sight. What came of a download is kept, for another try. */
  dismiss(): void {
    if (this.state.phase !== "failed") return;
    const { id } = this.state.card;
    const download = this.downloads.all.get(id);
    this.state = { phase: "none" };
    if (download?.status === "failed" && download.error?.code !== "not-allowed") void this.downloads.pause(id);
  }

  /** Ends the load that is under way; what came of a download is removed. */
  cancel(): void {
    if (this.state.phase !== "loading") return;
    const { id } = this.state.card;
    if (this.downloads.all.has(id)) void this.downloads.cancel(id);
    else this.current?.end();
  }

  /** Frees the memory of all models: none runs afterwards. What is on this device stays. */
  async unload(): Promise<void> {
    if (this.state.phase === "loading") this.cancel();
    this.current = undefined;
    this.state = { phase: "none" };
    await this.forget();
  }

  /** Frees the memory of one model, or of all. */
  async forget(id?: string): Promise<void> {
    await this.engines.unload(id);
    this.loadedIds = this.engines.loadedIds;
  }

  /** Unloads the models; the next question loads the one that was chosen. */
  rest(): void {
    if (this.state.phase !== "ready") return;
    this.state = { phase: "resting", card: this.state.card };
    void this.engines.unload().catch(() => {});
    this.loadedIds = [];
  }

  /** Waits until a model is ready. Throws AppError where none is, or its load fails. */
  async ready(): Promise<{ card: ModelCard; loaded: LoadedModel }> {
    while (this.loading) await this.loading;
    if (this.state.phase === "resting") await this.load(this.state.card);
    if (this.state.phase === "failed" && this.state.error.remedy === "retry") await this.retry();
    if (this.state.phase === "ready") {
      demandModel(this.state.card);
      return this.state;
    }
    if (this.state.phase === "failed") throw appError(this.state.error);
    throw new AppError("unknown", "no model is chosen", "choose-model");
  }

  /** The engine failed for good while an answer streamed: the next question loads the model again. */
  lost(error: ErrorData): void {
    if (this.state.phase === "ready") this.state = { phase: "failed", card: this.state.card, error };
    this.loadedIds = this.engines.loadedIds;
  }

  /** After the engine recovered by itself the context window may be smaller. */
  noteContextSize(contextSize: number): void {
    if (this.state.phase === "ready" && this.state.loaded.contextSize !== contextSize)
      this.state = { ...this.state, loaded: { ...this.state.loaded, contextSize } };
  }

  private track(work: Promise<void>): Promise<void> {
    const loading = work.finally(() => {
      if (this.loading === loading) this.loading = undefined;
    });
    this.loading = loading;
    return loading;
  }

  /** A load that counts from now on. A model that is only being downloaded has no engine yet: the one before it stays loaded. */
  private begin(card: ModelCard, progress: LoadProgress = { phase: "start", done: 0, total: 0 }): Load {
    this.current?.end();
    const load = (this.current = new Load(card));
    this.tell(load, progress);
    return load;
  }

  private tell(load: Load, progress: LoadProgress): void {
    if (this.current === load) this.state = { phase: "loading", card: load.card, progress };
  }

  private fail(load: Load, error: unknown): void {
    const { card } = load;
    if (this.current === load)
      this.state = isCancelled(error) ? { phase: "none" } : { phase: "failed", card, error: errorData(error) };
  }

  private async run(load: Load): Promise<void> {
    const { card } = load;
    try {
      demandModel(card);
      const loaded = await (this.installed.ids.has(card.id) ? this.start(load) : this.bringAndStart(load));
      if (this.current !== load) return;
      this.state = { phase: "ready", card, loaded: loaded! };
      this.onReady();
      await this.note(card, loaded!);
    } catch (error) {
      this.fail(load, error);
    }
    this.loadedIds = this.engines.loadedIds;
    // What the browser says of its storage is only shown; what goes wrong shows when a model is wanted.
    await this.device.lookAtStorage().catch(() => {});
  }

  private async note(card: ModelCard, { adapter, contextSize }: LoadedModel): Promise<void> {
    const digest = await this.installed.digest(card.id);
    this.audit.note("model-loaded", { model: card.id, digest, adapter, contextSize });
    await this.settings.save({ modelId: card.id });
    await this.installed.change(card.id, { usedAt: Date.now() });
  }

  private start(
    load: Load,
    tell = (progress: LoadProgress) => this.tell(load, progress),
    source = this.installed.source(load.card),
    arriving = false,
  ): Promise<LoadedModel> {
    const { memoryBudget } = this.device;
    return this.engines.load(source, { memory: load.card.memory, budget: memoryBudget, arriving }, tell, load.signal);
  }

  /** Brings a model here and loads it, starting to load when the last of its files are about to arrive. */
  private async bringAndStart(load: Load): Promise<LoadedModel | undefined> {
    const { card } = load;
    // The moment at which a person asks for a model is the moment at which losing it would hurt.
    void askToPersist();
    this.engines.prepare(card.form);
    const source = this.installed.source(card);
    let early: Promise<LoadedModel> | undefined;
    let here = false;
    const onProgress = (progress: LoadProgress) => {
      this.tell(load, progress);
      if (early || this.current !== load || !(progress.secondsLeft! < EARLY)) return;
      early = this.start(load, (p) => here && this.tell(load, p), source, true);
      // When the download fails, this waits for files that never come; the download says why.
      early.catch(() => {});
    };
    try {
      await this.downloads.bring(card, { start: true, onProgress });
    } catch (error) {
      load.end();
      throw error;
    }
    here = true;
    if (this.current !== load) return undefined;
    // An engine that began early keeps this as well: should it have to load the model again, it checks these hashes.
    Object.assign(source, this.installed.source(card));
    return early ?? this.start(load);
  }

  private async repairAndRun(card: ModelCard): Promise<void> {
    const load = this.begin(card, { phase: "verify", done: 0, total: card.size });
    try {
      await this.downloads.mend(card, (progress) => this.tell(load, progress));
    } catch (error) {
      this.fail(load, error);
      return;
    }
    if (this.current === load) await this.run(load);
  }
}
