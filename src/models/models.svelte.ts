// The models of this device: which there are, which of them can be had and used, and bringing and removing them. Not for: which one answers
// (loader.svelte.ts), the queue of downloads (downloads.svelte.ts), what is installed (installed.svelte.ts), the machine (device.svelte.ts).
import type { Engines } from "../engine/client/engines";
import type { StoreClient } from "../engine/client/store-client";
import { askToPersist } from "../platform/storage-estimate";
import type { Records } from "../storage/records";
import type { Settings } from "../storage/settings.svelte";
import type { AuditLog } from "../trust/log/audit-log.svelte";
import { demandModel, policy } from "../trust/current-policy";
import { permits } from "../trust/rules/network-rules";
import { refusedBy } from "../trust/rules/policy";
import {
  addressOf,
  baseUrlOf,
  knownCard,
  shippedModels,
  type CatalogueModel,
  type ModelCard,
} from "./catalogue/catalogue";
import { Device } from "./device.svelte";
import { Downloads } from "./downloads.svelte";
import { fitOf, pickBuild, type Fit } from "./fit";
import { Installed } from "./installed.svelte";
import { Loader } from "./loader.svelte";

export class Models {
  readonly device: Device;
  readonly installed: Installed;
  readonly downloads: Downloads;
  readonly loader: Loader;
  private tellKnown!: () => void;
  /** Fulfilled when it is known which models are here and which are being brought. */
  readonly known = new Promise<void>((resolve) => (this.tellKnown = resolve));

  constructor(
    private readonly engines: Engines,
    private readonly store: StoreClient,
    records: Records,
    private readonly settings: Settings,
    readonly audit: AuditLog,
  ) {
    this.installed = new Installed(records, audit);
    this.device = new Device(engines, () => this.installed.forms);
    this.downloads = new Downloads(store, this.installed, records);
    this.loader = new Loader(engines, this.installed, this.downloads, this.device, settings, audit);
    this.installed.onChangeElsewhere = (id) => this.downloads.installedElsewhere(id);
    // What a lost network broke off continues when it is back.
    addEventListener("online", () => {
      for (const { card, status, error } of this.downloads.all.values())
        if (status === "failed" && error?.code === "download-failed") void this.resume(card.id);
    });
  }

  /** Looks at the machine and at what is installed, goes on with downloads, and loads the model of the last visit if it is here. */
  async begin(): Promise<void> {
    await Promise.all([this.device.look(), this.installed.load()]);
    // A page that came over plain HTTP has no storage to speak of.
    if (!isSecureContext) return;
    await this.downloads.begin();
    this.tellKnown();
    const wanted = [...this.downloads.all.values()].find(
      ({ start, status }) => start && (status === "queued" || status === "running"),
    )?.card;
    const last = this.installed.card(this.settings.current.modelId);
    // A person who has a model can keep asking it while another one is being downloaded.
    const card = last && this.usable.includes(last) ? last : wanted;
    // Summing up what is stored takes the browser a while, so a model to be loaded comes first.
    if (card && this.device.canRun(card)) await this.loader.load(card);
    else await this.device.lookAtStorage();
  }

  /** Starts what loading the model of the last visit will need, as soon as it is known that there was one. */
  prepare(): void {
    const { modelId } = this.settings.current;
    // The form of a model that the build does not know is read later; this may then have been for nothing.
    if (modelId !== undefined) this.engines.prepare(knownCard(modelId)?.form ?? shippedModels[0]!.form);
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
    return this.device.machine ? pickBuild(model, this.device.machine, this.installed.ids) : model.builds[0]!;
  }

  isInstalled(card: ModelCard): boolean {
    return this.installed.ids.has(card.id);
  }

  fit(card: ModelCard): Fit {
    if (!this.device.machine) return { verdict: "fits" };
    const here = this.isInstalled(card) || this.downloads.all.has(card.id);
    return fitOf(card, this.device.machine, here);
  }

  /** Brings a model to this device, to be used later. Its progress and failure are shown by `downloads`, not thrown. */
  async download(card: ModelCard): Promise<void> {
    demandModel(card);
    await askToPersist();
    await this.downloads.bring(card).catch(() => {});
    await this.device.lookAtStorage();
  }

  /** Continues a paused or failed download, and starts the model if that was wanted. */
  async resume(id: string): Promise<void> {
    const download = this.downloads.all.get(id);
    if (download?.start) await this.loader.load(download.card);
    else await this.downloads.resume(id);
    await this.device.lookAtStorage();
  }

  /** Deletes a model's files from this device. */
  async remove(card: ModelCard): Promise<void> {
    if (this.loader.chosen?.id === card.id) await this.loader.unload();
    else await this.loader.forget(card.id);
    // It stops counting as installed first: whatever interrupts this may leave files, but no half model.
    await this.installed.remove(card.id);
    if (card.origin.kind === "given") await this.installed.removeCard(card.id);
    await this.store.remove(baseUrlOf(card.id));
    await this.device.lookAtStorage();
  }
}
