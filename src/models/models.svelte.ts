// Which model is installed, loading or ready, and what went wrong. Not for: talking with it (chat/).
import type { EngineClient } from "../engine/client/engine-client";
import type { LoadedModel, LoadProgress } from "../engine/protocol";
import { AppError, errorData, isCancelled, type ErrorData } from "../platform/app-error";
import { gpuSupport, type GpuSupport } from "../platform/webgpu";
import { askToPersist, storageFacts, type StorageFacts } from "../platform/storage-estimate";
import type { Settings } from "../storage/settings.svelte";
import { catalogue, modelCard, type ModelCard } from "./catalogue";

type State =
  | { phase: "none" }
  | { phase: "loading"; card: ModelCard; progress: LoadProgress }
  | { phase: "ready"; card: ModelCard; loaded: LoadedModel }
  | { phase: "failed"; card: ModelCard; error: ErrorData };

export class Models {
  state = $state.raw<State>({ phase: "none" });
  installed = $state.raw<ReadonlySet<string>>(new Set());
  storage = $state.raw<StorageFacts | undefined>(undefined);
  /** "unknown" until the browser has answered. */
  gpu = $state.raw<GpuSupport | "unknown">("unknown");
  /** The model that is loaded or about to be; the one an answer will come from. */
  readonly chosen = $derived(this.state.phase === "none" ? undefined : this.state.card);
  private loading: Promise<void> | undefined;

  constructor(
    private readonly engine: EngineClient,
    private readonly settings: Settings,
  ) {
    engine.onLost = (error) => this.lost(errorData(error));
  }

  /** Looks at the graphics device and at what is installed, and loads the model of the last visit if it is. */
  async begin(): Promise<void> {
    this.gpu = await gpuSupport();
    if (this.gpu !== "available") return;
    await this.look();
    const last = modelCard(this.settings.current.modelId);
    if (last && this.installed.has(last.id)) await this.load(last);
  }

  private async look(): Promise<void> {
    const found = await Promise.all(catalogue.map((c) => this.engine.isInstalled(c.source)));
    this.installed = new Set(catalogue.filter((_, i) => found[i]).map((c) => c.id));
    this.storage = await storageFacts();
  }

  /** Asks the browser to keep this site's data. Its answer is in `storage`. */
  async askToKeep(): Promise<void> {
    await askToPersist();
    this.storage = await storageFacts();
  }

  /** Loads the model that failed once more. */
  async retry(): Promise<void> {
    if (this.state.phase === "failed") await this.load(this.state.card);
  }

  /** Puts a failure out of sight. */
  dismiss(): void {
    if (this.state.phase === "failed") this.state = { phase: "none" };
  }

  /** Downloads what is missing and loads the model. A failure is shown by `state`, not thrown. */
  load(card: ModelCard): Promise<void> {
    const loading = this.loadNow(card).finally(() => {
      if (this.loading === loading) this.loading = undefined;
    });
    this.loading = loading;
    return loading;
  }

  private async loadNow(card: ModelCard): Promise<void> {
    if (this.state.phase === "loading") this.engine.cancel();
    const progress: LoadProgress = { phase: "start", done: 0, total: 0 };
    const mine: State = { phase: "loading", card, progress };
    this.state = mine;
    const stillMine = () => this.state.phase === "loading" && this.state.card === card;
    try {
      // The moment at which a person asks for a model is the moment at which losing it would hurt.
      if (!this.installed.has(card.id)) await askToPersist();
      const loaded = await this.engine.load(card.source, (p) => {
        if (stillMine()) this.state = { phase: "loading", card, progress: p };
      });
      this.state = { phase: "ready", card, loaded };
      await this.settings.save({ modelId: card.id });
    } catch (error) {
      if (stillMine())
        this.state = isCancelled(error) ? { phase: "none" } : { phase: "failed", card, error: errorData(error) };
    }
    // Which models are installed is only shown; what goes wrong here shows when one of them is asked for.
    await this.look().catch(() => {});
  }

  cancel(): void {
    this.engine.cancel();
  }

  /** Deletes the damaged files of the model that failed, and loads it again. */
  async repair(): Promise<void> {
    if (this.state.phase !== "failed") return;
    const { card } = this.state;
    this.state = { phase: "loading", card, progress: { phase: "verify", done: 0, total: card.size } };
    try {
      await this.engine.repair(card.source, (progress) => {
        if (this.state.phase === "loading") this.state = { phase: "loading", card, progress };
      });
    } catch (error) {
      this.state = isCancelled(error) ? { phase: "none" } : { phase: "failed", card, error: errorData(error) };
      return;
    }
    await this.load(card);
  }

  /** Frees the graphics device: no model runs afterwards. What is on this device stays. */
  async unload(): Promise<void> {
    if (this.state.phase === "loading") this.engine.cancel();
    this.state = { phase: "none" };
    await this.engine.unload();
  }

  /** Deletes a model's files from this device. */
  async remove(card: ModelCard): Promise<void> {
    if (this.chosen?.id === card.id) await this.unload();
    await this.engine.remove(card.source);
    await this.look();
  }

  /** Waits until a model is ready. Throws AppError where none is, or its load fails. */
  async ready(): Promise<{ card: ModelCard; loaded: LoadedModel }> {
    await this.loading;
    if (this.state.phase === "failed" && this.state.error.remedy === "retry") await this.retry();
    if (this.state.phase === "ready") return this.state;
    if (this.state.phase === "failed") {
      const { code, detail, remedy } = this.state.error;
      throw new AppError(code, detail, remedy);
    }
    throw new AppError("unknown", "no model is chosen", "choose-model");
  }

  /** The engine failed for good while an answer streamed: the next question loads the model again. */
  lost(error: ErrorData): void {
    if (this.state.phase === "ready") this.state = { phase: "failed", card: this.state.card, error };
  }

  /** After the engine recovered by itself the context window may be smaller. */
  noteContextSize(contextSize: number): void {
    if (this.state.phase === "ready" && this.state.loaded.contextSize !== contextSize)
      this.state = { ...this.state, loaded: { ...this.state.loaded, contextSize } };
  }
}
