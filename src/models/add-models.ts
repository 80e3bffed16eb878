// Models in and out by hand, for machines without a network, and models from addresses that are not in the catalogue. Not for: what
// they count as (catalogue/admit.ts), or how files are read and checked (engine/store).
import type { StoreClient } from "../engine/client/store-client";
import type { GivenFile, LoadProgress, PackageFacts } from "../engine/protocol";
import { AppError } from "../platform/app-error";
import { saveBlob } from "../platform/save-file";
import { demand } from "../trust/current-policy";
import { demandSamePolicy } from "../trust/policy-watch.svelte";
import { admit } from "./catalogue/admit";
import { baseUrlOf, type ModelCard } from "./catalogue/catalogue";
import type { Models } from "./models.svelte";

type Tell = (progress: LoadProgress) => void;

/** A name that can be an id and part of an address: what is not plain becomes "-". */
function plainId(text: string): string {
  return text
    .replace(/[^\w.-]+/g, "-")
    .replace(/^[^\w]+|[^\w]+$/g, "")
    .slice(0, 100);
}

/** The last folder of a path that names something: "resolve/main" is how the hub ends all of them. */
function namingFolder(path: string): string | undefined {
  return path
    .split("/")
    .filter((part) => !["", "resolve", "main"].includes(part))
    .at(-1);
}

/** The name of what was given: of the folder, or of the file. */
function nameOfGiven(given: readonly GivenFile[]): string {
  const path = given[0]?.path ?? "";
  return namingFolder(path.slice(0, path.lastIndexOf("/") + 1)) ?? path.replace(/\.zip$/i, "");
}

/** Takes a model from files; afterwards all of it is here and verified, or nothing. Returns its card. Throws AppError. */
export async function importModel(
  models: Models,
  store: StoreClient,
  given: GivenFile[],
  onProgress: Tell,
  signal: AbortSignal,
): Promise<ModelCard> {
  demand("importModels");
  await demandSamePolicy();
  const { id: stated, facts, bytes } = await store.inspect(given);
  const source = nameOfGiven(given);
  const candidate = { id: stated ?? (plainId(source) || "model"), origin: { kind: "given" }, facts, size: bytes };
  const card = admit(candidate);
  const { id } = card;
  if (models.installed.ids.has(id) || models.installed.isAdded(id)) throw new AppError("model-known", id, "none");
  if (models.device.machine && bytes > models.device.machine.free)
    throw new AppError("storage-full", `${bytes} bytes to store`, "free-space", bytes - models.device.machine.free);
  await models.downloads.cancel(id);
  const { files, compared } = await store.import(given, baseUrlOf(id), card.pins, onProgress, signal);
  const hashes = card.pins ? "build" : compared ? "package" : "recorded";
  if (!card.known) await models.installed.addCard(card);
  await models.installed.add(card, { files, hashes, source });
  await models.device.lookAtStorage();
  return models.installed.card(id)!;
}

/** What an export says of its model, for the device that imports it. */
function factsOf({ says, name, publisher, licence, parameters }: ModelCard): PackageFacts {
  if (says) {
    const { id: _, ...facts } = says;
    return facts;
  }
  return { name, publisher, licence, ...(parameters === undefined ? {} : { parameters }) };
}

/** Writes an installed model into a folder, or hands it to the person as a zip. Throws AppError. */
export async function exportModel(
  models: Models,
  store: StoreClient,
  card: ModelCard,
  folder: FileSystemDirectoryHandle | undefined,
  onProgress: Tell,
  signal: AbortSignal,
): Promise<void> {
  demand("exportModels");
  const source = { ...models.installed.source(card), id: card.says?.id ?? card.id };
  const zip = await store.export(source, factsOf(card), folder, onProgress, signal);
  if (zip) saveBlob(`${card.id}.zip`, zip);
  models.audit.note("model-exported", { model: card.id, digest: await models.installed.digest(card.id) });
}

/** A page of a hub that shows a repository, a folder or a file of it: what comes before, the revision, and the way within. */
const page = /^(\/[\w.-]+\/[\w.-]+)\/(tree|blob|raw|resolve)\/([^/]+)(?:\/(.*))?$/;

/**
 * The address of a folder of files, from a Hugging Face repository ("owner/name"), a page of it as a browser shows it, or a web address. Throws
 * AppError "address-invalid".
 */
export function folderAddress(text: string): string {
  const plain = text.trim().replace(/\/+$/, "");
  if (/^[\w.-]+\/[\w.-]+$/.test(plain)) return `https://huggingface.co/${plain}/resolve/main/`;
  if (!/^https?:/.test(plain) || !URL.canParse(plain)) throw new AppError("address-invalid", text, "none");
  const { origin, hostname, pathname } = new URL(plain);
  const [, repository, kind, revision, way = ""] = page.exec(pathname) ?? [];
  if (repository !== undefined) {
    // For a file, its folder.
    const folder = kind === "tree" ? way : way.slice(0, way.lastIndexOf("/") + 1);
    const within = folder.replace(/\/+$/, "");
    return `${origin}${repository}/resolve/${revision}/${within && `${within}/`}`;
  }
  const repositoryAlone = hostname === "huggingface.co" && /^\/[\w.-]+\/[\w.-]+$/.test(pathname);
  return repositoryAlone ? `${origin}${pathname}/resolve/main/` : `${origin}${pathname}/`;
}

/** The name of the model at an address and, for a repository, the same after its owner's name. */
function namesOf(base: string): string[] {
  const { pathname } = new URL(base);
  const [, repository] = page.exec(pathname) ?? [];
  if (repository === undefined) return [plainId(namingFolder(pathname) ?? "")];
  const [owner, name] = repository.slice(1).split("/") as [string, string];
  return [plainId(name), plainId(`${owner}-${name}`)];
}

/** Puts a model of the person's own into the catalogue. Nothing is fetched yet. Throws AppError. */
export async function addModel(models: Models, repository: string, library: string): Promise<ModelCard> {
  demand("addModels");
  await demandSamePolicy();
  const base = folderAddress(repository);
  if (!URL.canParse(library.trim())) throw new AppError("address-invalid", library, "none");
  const libraryUrl = new URL(library.trim()).href;
  const names = namesOf(base);
  if (!names[0]) throw new AppError("address-invalid", repository, "none");
  const taken = names.map((name) => models.installed.card(name));
  // Two owners may have models of one name; none may take that of a model in the catalogue, or be added twice.
  const same = taken.find((card) => card?.known || (card?.origin.kind === "address" && card.origin.base === base));
  const id = same ? undefined : names.find((_, i) => !taken[i]);
  if (id === undefined) throw new AppError("model-known", names[0], "none");
  const card = admit({ id, origin: { kind: "address", base, library: libraryUrl } });
  await models.installed.addCard(card);
  return models.installed.card(id)!;
}
