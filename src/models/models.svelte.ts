// Which model answers: bringing it here, loading it, resting when idle, and what went wrong. Not for: talking with it (chat/), the queue
// of downloads (downloads.svelte.ts), what is installed (installed.svelte.ts).
import type { Engines } from "../engine/client/engines";
import type { ArtifactForm, Support } from "../engine/contract";
import type { StoreClient } from "../engine/client/store-client";
import type { LoadedModel, LoadProgress } from "../engine/protocol";
import { AppError, appError, errorData, isCancelled, type ErrorData } from "../platform/app-error";
import { askToPersist, storageFacts, type StorageFacts } from "../platform/storage-estimate";
import type { Records } from "../storage/records";
import type { Settings } from "../storage/settings.svelte";
import type { AuditLog } from "../trust/audit-log.svelte";
import { demandModel, policy } from "../trust/current-policy";
import { permits } from "../trust/network-rules";
import { refusedBy } from "../trust/policy";
import {
  addressOf,
  baseUrlOf,
  knownCard,
  shippedModels,
  type CatalogueModel,
  type ModelCard,
} from "./catalogue/catalogue";
import { Downloads } from "./downloads.svelte";
import { fitOf, pickBuild, type Fit } from "./fit";
import { Installed } from "./installed.svelte";
import { memoryBudget, readMachine, type Machine } from "./machine";

/** Seconds before the expected end of a download at which its model begins to load. */
const EARLY = 5;

/** `resting`: unloaded since nobody asked anything for a while; the next question loads it. */
type State =
  | { phase: "none" }
  | { phase: "loading"; card: ModelCard; progress: LoadProgress }
  | { phase: "ready"; card: ModelCard; loaded: LoadedModel }
  | { phase: "resting"; card: ModelCard }
  | { phase: "failed"; card: ModelCard; error: ErrorData };

export class Models {
  state = $state.raw<State>({ phase: "none" });
  storage = $state.raw<StorageFacts | undefined>(undefined);
  machine = $state.raw<Machine | undefined>(undefined);
  /** What each runtime found here, by the form of the models that it runs; empty until they have looked. */
  private found = $state.raw<ReadonlyMap<ArtifactForm, Support>>(new Map());
  /** The models that are in memory: the one that answers and, where there is room, the one before. */
  loadedIds = $state.raw<readonly string[]>([]);
  /** The model that is loaded or about to be; the one an answer will come from. */
  readonly chosen = $derived(this.state.phase === "none" ? undefined : this.state.card);
  readonly installed: Installed;
  readonly downloads: Downloads;
  private tellKnown!: () => void;
  /** Fulfilled when it is known which models are here and which are being brought. */
  readonly known = new Promise<void>((resolve) => (this.tellKnown = resolve));
  private loading: Promise<void> | undefined;
  /** The load that counts; a newer one makes an older one's end of no interest. */
  private latest: object | undefined;
  /** Loads that an engine is busy with. */
  private starting = 0;
  /** Called when a model has become ready. */
  onReady: () => void = () => {};

  constructor(
    private readonly engines: Engines,
    private readonly store: StoreClient,
    records: Records,
    private readonly settings: Settings,
    readonly audit: AuditLog,
  ) {
    this.installed = new Installed(records, audit);
    this.downloads = new Downloads(store, this.installed, records);
    this.installed.onChangeElsewhere = (id) => this.downloads.installedElsewhere(id);
    // What the network broke off goes on when it is back.
    addEventListener("online", () => {
      for (const { card, status, error } of this.downloads.all.values())
        if (status === "failed" && error?.code === "download-failed") void this.resume(card.id);
    });
    engines.onLost = (error) => this.lost(errorData(error));
  }

  /** Looks at the machine and at what is installed, goes on with downloads, and loads the model of the last visit if it is here. */
  async begin(): Promise<void> {
    const [found] = await Promise.all([this.engines.support(), this.installed.load()]);
    this.found = found;
    this.machine = readMachine([...found.values()].find(({ device }) => device)?.device);
    // A page that came over plain HTTP has no storage to speak of.
    if (!isSecureContext) return;
    await this.downloads.begin();
    this.tellKnown();
    const wanted = [...this.downloads.all.values()].find(
      ({ start, status }) => start && (status === "queued" || status === "running"),
    )?.card;
    const last = this.installed.card(this.settings.current.modelId);
    // Whoever has a model can go on asking it while another one is still coming.
    const card = last && this.usable.includes(last) ? last : wanted;
    // To sum up what is stored takes the browser a while, so a model that is to be loaded comes first.
    if (card && this.canRun(card)) await this.load(card);
    else await this.lookAtStorage();
  }

  /** Whether this machine has what models of the card's form run on; without a card, what any models run on. */
  canRun(card?: Pick<ModelCard, "form">): boolean {
    const found = card ? [this.found.get(card.form)] : [...this.found.values()];
    return found.some((support) => support !== undefined && !support.obstacle);
  }

  /** Why this machine can run no models at all; undefined where it can, and before that is known. */
  get obstacle(): ErrorData | undefined {
    return this.canRun() ? undefined : [...this.found.values()][0]?.obstacle;
  }

  /** Starts what loading the model of the last visit will need, as soon as it is known that there was one. */
  prepare(): void {
    const { modelId } = this.settings.current;
    // Of what form one is that the build does not know is read later; then this one was for nothing.
    if (modelId !== undefined) this.engines.prepare(knownCard(modelId)?.form ?? shippedModels[0]!.form);
  }

  async lookAtStorage(): Promise<void> {
    this.storage = await storageFacts();
    const free = Math.max(0, this.storage.quota - this.storage.usage);
    if (this.machine) this.machine = { ...this.machine, free };
  }

  /** The models that the policy allows and that can be had under it, or are here. */
  readonly offered: readonly CatalogueModel[] = $derived.by(() =>
    this.installed.catalogue
      .map(({ key, builds }) => ({ key, builds: builds.filter((card) => this.mayUse(card)) }))
      .filter(({ builds }) => builds.some((card) => this.canFetch(card) || this.isInstalled(card))),
  );

  /** The models on this device that can answer. */
  readonly usable: readonly ModelCard[] = $derived.by(() =>
    [...this.installed.models.values()]
      .sort((a, b) => b.usedAt - a.usedAt)
      .flatMap(({ id }) => this.installed.card(id) ?? [])
      .filter((card) => card.task !== "embedding" && this.mayUse(card)),
  );

  /** Whether the policy lets this model be brought and used. */
  mayUse(card: ModelCard): boolean {
    return refusedBy(card, policy) === undefined;
  }

  private canFetch(card: ModelCard): boolean {
    const address = addressOf(card, policy.network);
    const { network } = policy;
    if (!address) return false;
    return [address.from, address.library].every((url) => permits(url, location.origin, network));
  }

  /** The build to offer of a model on this machine. */
  buildOf(model: CatalogueModel): ModelCard {
    return this.machine ? pickBuild(model, this.machine, this.installed.ids) : model.builds[0]!;
  }

  isInstalled(card: ModelCard): boolean {
    return this.installed.ids.has(card.id);
  }

  fit(card: ModelCard): Fit {
    if (!this.machine) return { verdict: "fits" };
    const here = this.isInstalled(card) || this.downloads.all.has(card.id);
    return fitOf(card, this.machine, here);
  }

  /** Asks the browser to keep this site's data. Its answer is in `storage`. */
  async askToKeep(): Promise<void> {
    await askToPersist();
    await this.lookAtStorage();
  }

  /** Loads the model that failed once more. */
  async retry(): Promise<void> {
    if (this.state.phase === "failed") await this.load(this.state.card);
  }

  /** Puts a failure out of sight. What came of a download is kept, for another try. */
  dismiss(): void {
    if (this.state.phase !== "failed") return;
    const download = this.downloads.all.get(this.state.card.id);
    const { card } = this.state;
    this.state = { phase: "none" };
    if (download?.status === "failed" && download.error?.code !== "not-allowed") void this.downloads.pause(card.id);
  }

  /** Brings a model to this device, to be used later. Its progress and failure are shown by `downloads`, not thrown. */
  async download(card: ModelCard): Promise<void> {
    demandModel(card);
    await askToPersist();
    await this.downloads.bring(card).catch(() => {});
    await this.lookAtStorage();
  }

  /** Goes on with a paused or failed download, and starts the model if that was wanted. */
  async resume(id: string): Promise<void> {
    const download = this.downloads.all.get(id);
    if (download?.start) await this.load(download.card);
    else await this.downloads.resume(id);
    await this.lookAtStorage();
  }

  /** Brings what is missing and loads the model. A failure is shown by `state`, not thrown. */
  load(card: ModelCard): Promise<void> {
    return this.track(this.loadNow(card));
  }

  /** What `ready` waits for. */
  private track(work: Promise<void>): Promise<void> {
    const loading = work.finally(() => {
      if (this.loading === loading) this.loading = undefined;
    });
    this.loading = loading;
    return loading;
  }

  private async loadNow(card: ModelCard): Promise<void> {
    // A model that is only being downloaded has no engine yet: the one before it stays loaded.
    if (this.starting > 0) this.engines.cancel();
    const mine = (this.latest = {});
    const tell = (progress: LoadProgress) => {
      if (this.latest === mine) this.state = { phase: "loading", card, progress };
    };
    tell({ phase: "start", done: 0, total: 0 });
    try {
      demandModel(card);
      const loaded = this.isInstalled(card) ? await this.start(card, tell) : await this.bringAndStart(card, tell);
      if (this.latest !== mine) return;
      this.state = { phase: "ready", card, loaded: loaded! };
      this.onReady();
      const { adapter, contextSize } = loaded!;
      this.audit.note("model-loaded", {
        model: card.id,
        digest: await this.installed.digest(card.id),
        adapter,
        contextSize,
      });
      await this.settings.save({ modelId: card.id });
      await this.installed.change(card.id, { usedAt: Date.now() });
    } catch (error) {
      if (this.latest === mine)
        this.state = isCancelled(error) ? { phase: "none" } : { phase: "failed", card, error: errorData(error) };
    }
    this.loadedIds = this.engines.loadedIds;
    // What the browser says of its storage is only shown; what goes wrong here shows when a model is asked for.
    await this.lookAtStorage().catch(() => {});
  }

  private async start(
    card: ModelCard,
    tell: (progress: LoadProgress) => void,
    source = this.installed.source(card),
    arriving = false,
  ): Promise<LoadedModel> {
    const budget = this.machine ? memoryBudget(this.machine) : 0;
    this.starting++;
    try {
      return await this.engines.load(source, card.memory, budget, arriving, tell);
    } finally {
      this.starting--;
    }
  }

  /** Brings a model here and loads it, beginning with that when the last of its files are about to come. */
  private async bringAndStart(
    card: ModelCard,
    tell: (progress: LoadProgress) => void,
  ): Promise<LoadedModel | undefined> {
    const mine = this.latest;
    // The moment at which a person asks for a model is the moment at which losing it would hurt.
    void askToPersist();
    this.engines.prepare(card.form);
    const source = this.installed.source(card);
    let early: Promise<LoadedModel> | undefined;
    let here = false;
    const watch = (progress: LoadProgress) => {
      tell(progress);
      if (early || this.latest !== mine || !(progress.secondsLeft! < EARLY)) return;
      early = this.start(card, (p) => here && tell(p), source, true);
      // It waits for files that do not come when the download ends without them; the download says why.
      early.catch(() => {});
    };
    try {
      await this.downloads.bring(card, { start: true, onProgress: watch });
    } catch (error) {
      if (early && this.latest === mine) this.engines.cancel();
      throw error;
    }
    here = true;
    if (this.latest !== mine) return undefined;
    // An engine that began early keeps this as well: should it have to load the model again, it checks these hashes.
    Object.assign(source, this.installed.source(card));
    return early ?? this.start(card, tell);
  }

  /** Ends the load that is under way; what came of a download is removed. */
  cancel(): void {
    if (this.state.phase !== "loading") return;
    const { id } = this.state.card;
    if (this.downloads.all.has(id)) void this.downloads.cancel(id);
    else this.engines.cancel();
  }

  /** Deletes the damaged files of the model that failed, fetches just these again, and loads it. */
  async repair(): Promise<void> {
    if (this.state.phase === "failed") await this.track(this.repairNow(this.state.card));
  }

  private async repairNow(card: ModelCard): Promise<void> {
    const mine = (this.latest = {});
    const tell = (progress: LoadProgress) => {
      if (this.latest === mine) this.state = { phase: "loading", card, progress };
    };
    tell({ phase: "verify", done: 0, total: card.size });
    try {
      await this.mend(card, tell);
    } catch (error) {
      this.state = isCancelled(error) ? { phase: "none" } : { phase: "failed", card, error: errorData(error) };
      return;
    }
    await this.loadNow(card);
  }

  /**
   * Compares every file of an installed model with its hash, and fetches anew those that are damaged. Gives the names of those.
   * Throws AppError.
   */
  async mend(card: ModelCard, onProgress: (progress: LoadProgress) => void): Promise<string[]> {
    const before = this.installed.models.get(card.id);
    if (!before) return [];
    // Before anything is removed that could not be had again.
    demandModel(card);
    const source = this.installed.source(card);
    const damaged = await this.store.check(source, true, onProgress);
    if (damaged.length > 0) {
      if (!addressOf(card, policy.network)) throw new AppError("import-damaged", damaged.join(", "), "none");
      await this.installed.remove(card.id);
      await this.downloads.bring(card, { before, onProgress });
    } else await this.installed.change(card.id, { verifiedAt: Date.now() });
    await this.lookAtStorage();
    return damaged;
  }

  /** Frees the graphics device: no model runs afterwards. What is on this device stays. */
  async unload(): Promise<void> {
    if (this.state.phase === "loading") this.cancel();
    this.latest = undefined;
    this.state = { phase: "none" };
    await this.engines.unload();
    this.loadedIds = [];
  }

  /** Deletes a model's files from this device. */
  async remove(card: ModelCard): Promise<void> {
    if (this.chosen?.id === card.id) await this.unload();
    else await this.engines.unload(card.id);
    this.loadedIds = this.engines.loadedIds;
    // From the first moment on it does not count as installed: whatever ends this halfway leaves files, but no half model.
    await this.installed.remove(card.id);
    if (card.origin.kind === "given") await this.installed.removeCard(card.id);
    await this.store.remove(baseUrlOf(card.id));
    await this.lookAtStorage();
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

  /** Unloads the models; the next question loads the one that was chosen. */
  rest(): void {
    if (this.state.phase !== "ready") return;
    this.state = { phase: "resting", card: this.state.card };
    void this.engines.unload().catch(() => {});
    this.loadedIds = [];
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
}
