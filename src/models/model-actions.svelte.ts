// What a person can do with the models of this device, from a screen or from the command palette: import, export, check, compare. One at a
// time, with its progress shown. Not for: how files are read, verified and written (add-models.ts, engine/store).
import type { StoreClient } from "../engine/client/store-client";
import type { GivenFile, LoadProgress } from "../engine/protocol";
import { listed, t } from "../i18n/i18n.svelte";
import { isCancelled } from "../platform/app-error";
import { isOwnModelAddress } from "../platform/deployment";
import { pickFiles } from "../platform/pick-files";
import { demand } from "../trust/current-policy";
import type { Notices } from "../ui/notices.svelte";
import { baseUrlOf, type ModelCard } from "./catalogue/catalogue";
import type { Comparison } from "./model-forms";
import type { Models } from "./models.svelte";
import { exportModel, importModel } from "./add-models";

interface Running {
  title: () => string;
  progress: LoadProgress;
  cancel(): void;
}

/** Compares models' answers with those they should give (evaluation/, which is above this room). */
export interface Comparer {
  /** Whether there are reference answers for this model. */
  has(id: string): boolean;
  /** Nobody asks a model anything now, and models can run here. */
  readonly free: boolean;
  /** Throws AppError, or an AbortError. */
  compare(card: ModelCard, tell: (progress: LoadProgress) => void, signal: AbortSignal): Promise<Comparison>;
}

export class ModelActions {
  /** What is under way. */
  running = $state.raw<Running | undefined>(undefined);
  /** Where files lie that belong to no model on this device and to no download, by `baseUrl`. */
  leftovers = $state.raw<readonly string[]>([]);
  readonly canExportFolder = "showDirectoryPicker" in globalThis;

  constructor(
    private readonly models: Models,
    private readonly store: StoreClient,
    private readonly notices: Notices,
    private readonly comparer: Comparer,
  ) {}

  /** Asks for a folder, or for files, and takes the model in it. */
  async pick(folder: boolean): Promise<void> {
    demand("importModels");
    const files = await pickFiles(folder ? { folder } : { multiple: true });
    await this.take(files.map((file) => ({ path: file.webkitRelativePath || file.name, file })));
  }

  /** Takes a model from files that were chosen or dropped. Throws AppError. */
  async take(given: GivenFile[]): Promise<void> {
    if (given.length === 0) return;
    const card = await this.run(
      () => t("own.importing"),
      "import",
      (tell, signal) => importModel(this.models, this.store, given, tell, signal),
    );
    if (card) this.notices.tell(() => t("own.imported", { name: card.name }));
  }

  /** Compares all files with their hashes and downloads damaged ones again. Throws AppError. */
  async check(card: ModelCard): Promise<void> {
    const { name } = card;
    const damaged = await this.run(
      () => t("storage.checking", { name }),
      "verify",
      async (tell) => {
        const found = await this.models.downloads.mend(card, tell);
        await this.models.device.lookAtStorage();
        return found;
      },
    );
    if (damaged)
      this.notices.tell(() =>
        damaged.length === 0 ? t("storage.sound", { name }) : t("storage.repaired", { name, files: listed(damaged) }),
      );
  }

  /** Whether there are reference answers for a model, and comparing is possible now. */
  canCompare(card: ModelCard): boolean {
    return !this.running && this.comparer.has(card.id) && this.comparer.free && this.models.mayUse(card);
  }

  /** Whether there are reference answers for a model. */
  hasReference(card: ModelCard): boolean {
    return this.comparer.has(card.id) && this.models.mayUse(card);
  }

  /** Compares the answers that a model gives on this device with those it should give, and keeps the result. Throws AppError. */
  async compare(card: ModelCard): Promise<void> {
    await this.run(
      () => t("storage.comparing", { name: card.name }),
      "compare",
      async (tell, signal) => {
        const comparison = await this.comparer.compare(card, tell, signal);
        const { installed, audit } = this.models;
        await installed.change(card.id, { comparison });
        const { adapter, equal, total } = comparison;
        const digest = await installed.digest(card.id);
        audit.note("answers-compared", { model: card.id, digest, adapter, equal, total });
        this.notices.tell(() => t("storage.compared", { name: card.name }));
      },
    );
  }

  /** Hands the model to the person as a zip, or writes it into a folder that they choose. Throws AppError. */
  async export(card: ModelCard, toFolder: boolean): Promise<void> {
    demand("exportModels");
    const { name } = card;
    let folder: FileSystemDirectoryHandle | undefined;
    try {
      folder = toFolder ? await window.showDirectoryPicker!({ mode: "readwrite" }) : undefined;
    } catch (error) {
      if (isCancelled(error)) return;
      throw error;
    }
    const done = await this.run(
      () => t("storage.exporting", { name }),
      "export",
      (tell, signal) => exportModel(this.models, this.store, card, folder, tell, signal).then(() => true),
    );
    if (done && folder) this.notices.tell(() => t("storage.exported", { name, folder: folder.name }));
  }

  async lookForLeftovers(): Promise<void> {
    await this.models.known;
    const kept = await this.store.kept();
    const { installed, downloads } = this.models;
    const known = new Set([...installed.ids, ...downloads.all.keys()].map(baseUrlOf));
    // Another deployment, or another application, keeps its models in the same databases.
    this.leftovers = kept.filter((baseUrl) => isOwnModelAddress(baseUrl) && !known.has(baseUrl));
  }

  async removeLeftovers(): Promise<void> {
    // What was left over when the list was made may belong to a model by now.
    await this.lookForLeftovers();
    for (const baseUrl of this.leftovers) await this.store.remove(baseUrl);
    await this.models.device.lookAtStorage();
    await this.lookForLeftovers();
  }

  /** Runs it and shows its progress. Returns undefined when the person cancelled it, or when something else is under way. */
  private async run<T>(
    title: () => string,
    phase: LoadProgress["phase"],
    action: (tell: (progress: LoadProgress) => void, signal: AbortSignal) => Promise<T>,
  ): Promise<T | undefined> {
    if (this.running) return undefined;
    const controller = new AbortController();
    const cancel = () => controller.abort();
    this.running = { title, progress: { phase, done: 0, total: 0 }, cancel };
    try {
      return await action((progress) => (this.running = { title, progress, cancel }), controller.signal);
    } catch (error) {
      if (!isCancelled(error)) throw error;
      return undefined;
    } finally {
      this.running = undefined;
    }
  }
}
