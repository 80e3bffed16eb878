// Which models are on this device, with what was verified of each, and which ones a person added to the catalogue. Kept as records; a
// model has one only when every byte of it is there. Not for: bringing them (downloads.svelte.ts), or what may come in (catalogue/admit.ts).
import { SvelteMap } from "svelte/reactivity";
import { t } from "../i18n/i18n.svelte";
import type { ModelFile, ModelSource } from "../engine/protocol";
import type { Records, RecordKey, StoredRecord } from "../storage/records";
import { digestOf } from "../trust/audit-chain";
import type { AuditLog } from "../trust/audit-log.svelte";
import type { Comparison } from "./compare-answers";
import { policy } from "../trust/current-policy";
import { readCandidate, unknownCard } from "./catalogue/admit";
import {
  addressOf,
  baseUrlOf,
  groupBuilds,
  knownCard,
  knownCards,
  type CatalogueModel,
  type ModelCard,
} from "./catalogue/catalogue";

/**
 * Who stated the hashes that the files of a model are held to: this build, before anything came; the mirror from which it came; the package
 * itself; or nobody, so that those of the files as they came were recorded.
 */
export type HashesFrom = "build" | "mirror" | "package" | "recorded";

/** What is kept of an installed model. Times in milliseconds since 1970. */
export interface InstalledModel extends StoredRecord {
  version: 1;
  id: string;
  files: Record<string, ModelFile>;
  hashes: HashesFrom;
  /**
   * It is what the catalogue says under its id: it came from where the catalogue or the policy says, or has the hashes of the build. Of any
   * other nothing is known but what it says of itself.
   */
  known: boolean;
  /** The address or the name of the folder or file it came from. */
  source: string;
  installedAt: number;
  /** When all files were last compared with their hashes. */
  verifiedAt: number;
  usedAt: number;
  /** What came of comparing its answers on this device. */
  comparison?: Comparison;
}

/** As versions kept it that did not say whose hashes `pinned` were, nor what came by hand. */
type OlderModel = Omit<InstalledModel, "hashes" | "known"> & { pinned?: unknown; hashes?: HashesFrom; known?: boolean };

interface AddedModel extends StoredRecord {
  version: 1;
  card: ModelCard;
}

const installedKey = (id: string): RecordKey => `model:${id}`;
const addedKey = (id: string): RecordKey => `added-model:${id}`;

export class Installed {
  readonly models = new SvelteMap<string, InstalledModel>();
  private readonly added = new SvelteMap<string, ModelCard>();
  /** Everything there is: the catalogue, what the person added, and what is here. Each id is that of one card. */
  readonly cards: readonly ModelCard[] = $derived.by(() => {
    const own = new Map<string, ModelCard>(this.added);
    // Brought by hand under an id of the catalogue, or in a version that knew it: what is here is not known to be that model.
    for (const model of this.models.values())
      if (!model.known && !own.has(model.id)) own.set(model.id, cardOfUnknown(model));
    return [...[...own.values()].map(named), ...knownCards.filter(({ id }) => !own.has(id))];
  });
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
    const [models, added] = await Promise.all([
      this.records.all<OlderModel>("model"),
      this.records.all<AddedModel>("added-model"),
    ]);
    this.models.clear();
    for (const model of models.values()) this.models.set(model.id, readInstalled(model));
    this.added.clear();
    for (const { card } of added.values()) {
      const read = readAdded(card);
      if (read) this.added.set(read.id, read);
    }
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

  /** SHA-256 over the names and hashes of all files of an installed model, which says of which bytes it is. */
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

const sameFiles = (some: Readonly<Record<string, ModelFile>>, others: Readonly<Record<string, ModelFile>>): boolean =>
  Object.keys(some).length === Object.keys(others).length &&
  Object.entries(some).every(([name, { integrity }]) => others[name]?.integrity === integrity);

/** Says of a stored record what holds now: only the hashes that this build has count as those of the build. */
export function readInstalled({ pinned, ...model }: OlderModel): InstalledModel {
  const card = knownCard(model.id);
  const ofBuild = card?.pins !== undefined && sameFiles(model.files, card.pins);
  const byHand = !/^https?:\/\//.test(model.source);
  const asStated = model.hashes ?? (byHand && Array.isArray(pinned) && pinned.length > 0 ? "package" : "recorded");
  const fromThere = card !== undefined && addressOf(card, policy.network)?.from === model.source;
  return {
    ...model,
    hashes: ofBuild ? "build" : asStated === "build" ? "recorded" : asStated,
    known: card !== undefined && (ofBuild || (model.known ?? fromThere)),
  };
}

/** The card of a model that a person added, read as if it came in now; undefined where it no longer can. */
function readAdded({ id, says, name, publisher, licence, parameters, origin, size }: ModelCard): ModelCard | undefined {
  // Older versions took what a model said of itself for what it is.
  const facts = says ?? { publisher, licence, parameters, ...(name === id ? {} : { name }) };
  try {
    const card = readCandidate({ id: says?.id ?? id, origin, facts, size });
    return card.id === id && !card.known ? card : undefined;
  } catch {
    return undefined;
  }
}

function cardOfUnknown(model: InstalledModel): ModelCard {
  const known = knownCard(model.id);
  return unknownCard(model.id, { kind: "given" }, known ? { id: known.id } : {}, bytesOf(model));
}

/** A card under the name by which people see it: what a model says of its name stands nowhere as if it were so. */
const named = (card: ModelCard): ModelCard =>
  card.says ? { ...card, name: t("models.says.name", { name: card.says.name }) } : card;
