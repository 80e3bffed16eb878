// Which models are on this device, with what was verified of each, and which ones a person added to the catalogue. Kept as records; a
// model has one only when every byte of it is there. Not for: bringing them (downloads.svelte.ts), or what may come in (catalogue/admit.ts).
import { SvelteMap } from "svelte/reactivity";
import { t } from "../i18n/i18n.svelte";
import type { ArtifactForm } from "../engine/contract";
import type { ModelSource } from "../engine/protocol";
import type { Records } from "../storage/records";
import { digestOf } from "../trust/log/audit-chain";
import type { AuditLog } from "../trust/log/audit-log.svelte";
import { unknownCard } from "./catalogue/admit";
import {
  baseUrlOf,
  groupBuilds,
  knownCard,
  knownCards,
  type CatalogueModel,
  type ModelCard,
} from "./catalogue/catalogue";
import { addedKey, installedKey, addedForm, installedForm, type AddedModel, type InstalledModel } from "./model-forms";

export class Installed {
  readonly models = new SvelteMap<string, InstalledModel>();
  private readonly added = new SvelteMap<string, ModelCard>();
  /** Everything there is: the catalogue, what the person added, and what is here. Each id has one card. */
  readonly cards: readonly ModelCard[] = $derived.by(() => {
    const own = new Map<string, ModelCard>(this.added);
    // Added by hand under an id of the catalogue, or by a version that knew it: it is not known to be that model.
    for (const model of this.models.values())
      if (!model.known && !own.has(model.id)) own.set(model.id, cardOfUnknown(model));
    return [...[...own.values()].map(named), ...knownCards.filter(({ id }) => !own.has(id))];
  });
  /** The forms that they have. */
  readonly forms: ReadonlySet<ArtifactForm> = $derived(new Set(this.cards.map(({ form }) => form)));

  readonly catalogue: readonly CatalogueModel[] = $derived(groupBuilds(this.cards));
  readonly ids: ReadonlySet<string> = $derived(new Set(this.models.keys()));
  /** Bytes of all installed models. */
  readonly size: number = $derived([...this.models.values()].reduce((sum, m) => sum + bytesOf(m), 0));
  /** Called when another tab installed or removed a model. */
  onChangeElsewhere: (id: string) => void = () => {};

  constructor(
    private readonly records: Records,
    private readonly audit: AuditLog,
  ) {
    records.onChangeElsewhere((key) => {
      if (key.startsWith("model:") || key.startsWith("added-model:"))
        void this.load().then(() => this.onChangeElsewhere(key.slice(key.indexOf(":") + 1)));
    });
  }

  async load(): Promise<void> {
    const [models, added] = await Promise.all([this.records.all(installedForm), this.records.all(addedForm)]);
    this.models.clear();
    for (const model of models.values()) this.models.set(model.id, model);
    this.added.clear();
    for (const { card } of added.values()) this.added.set(card.id, card);
  }

  card(id: string | undefined): ModelCard | undefined {
    return this.cards.find((c) => c.id === id);
  }

  isAdded(id: string): boolean {
    return this.added.has(id);
  }

  /** What the engine needs to load a model. One that is not here yet has no files. */
  source(card: ModelCard): ModelSource {
    const model = this.models.get(card.id);
    return {
      id: card.id,
      form: card.form,
      baseUrl: baseUrlOf(card.id),
      files: model ? $state.snapshot(model.files) : {},
      ...(card.origin.kind !== "own" && card.contextSize !== undefined ? { contextSize: card.contextSize } : {}),
      ...(card.task === "embedding" ? { embedding: true } : {}),
      ...(card.manifest === undefined ? {} : { manifest: card.manifest }),
    };
  }

  /** Every byte of the model is here and verified. */
  async add(card: ModelCard, came: Pick<InstalledModel, "files" | "hashes" | "source">): Promise<void> {
    const { id, known } = card;
    const now = Date.now();
    await this.write({ version: 1, id, known, ...came, installedAt: now, verifiedAt: now, usedAt: now });
    const { source, hashes } = came;
    const bytes = bytesOf(this.models.get(id)!);
    this.audit.note("model-installed", { model: id, source, hashes, known, bytes, digest: await this.digest(id) });
  }

  /** SHA-256 over the names and hashes of all files of an installed model: it identifies their bytes. */
  async digest(id: string): Promise<string> {
    const files = Object.entries(this.models.get(id)?.files ?? {});
    return digestOf(Object.fromEntries(files.map(([name, { integrity }]) => [name, integrity])));
  }

  async change(
    id: string,
    changes: Partial<Pick<InstalledModel, "usedAt" | "verifiedAt" | "comparison">>,
  ): Promise<void> {
    const model = this.models.get(id);
    if (model) await this.write({ ...model, ...changes });
  }

  /** It no longer counts as installed; its files are not touched. */
  async remove(id: string): Promise<void> {
    await this.records.remove([installedKey(id)]);
    this.models.delete(id);
    this.audit.note("model-removed", { model: id });
  }

  /** Puts a model of the person's own into the catalogue. */
  async addCard(card: ModelCard): Promise<void> {
    await this.records.write(addedKey(card.id), { version: 1, card } as AddedModel);
    this.added.set(card.id, card);
  }

  async removeCard(id: string): Promise<void> {
    await this.records.remove([addedKey(id)]);
    this.added.delete(id);
  }

  private async write(model: InstalledModel): Promise<void> {
    await this.records.write(installedKey(model.id), model);
    this.models.set(model.id, model);
  }
}

/** Bytes of an installed model. */
export function bytesOf(model: InstalledModel): number {
  return Object.values(model.files).reduce((sum, f) => sum + f.bytes, 0);
}

function cardOfUnknown(model: InstalledModel): ModelCard {
  const known = knownCard(model.id);
  return unknownCard(model.id, { kind: "given" }, known ? { id: known.id } : {}, bytesOf(model));
}

/** A card under the name that people see: a name that a model only claims for itself is never shown as a fact. */
const named = (card: ModelCard): ModelCard =>
  card.says ? { ...card, name: t("models.says.name", { name: card.says.name }) } : card;
