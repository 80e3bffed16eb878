// The one way in which a model from outside the catalogue becomes a card, wherever it comes from: an address, a package, a backup, a
// record. Nothing that comes with it is believed: what it says of itself is kept apart (`says`), and the catalogue wins on equal ids. Not
// for: what is known of models (catalogue.ts), or reading their files (engine/store).
import { AppError } from "../../platform/app-error";
import { shortened } from "../../platform/shortened";
import { demandModel, policy } from "../../trust/current-policy";
import { permits } from "../../trust/rules/network-rules";
import { unmatched } from "../../trust/rules/policy";
import { knownCard, knownCards, type ModelCard, type Origin, type Said } from "./catalogue";

/** What somebody hands over as a model. Nothing of it was checked. */
export interface Candidate {
  /** As it states it, or as its folder or address is named. */
  id: unknown;
  origin: unknown;
  /** What it says of itself (`Said`). */
  facts?: unknown;
  /** Bytes of all its files; 0 where that is not known. */
  size?: unknown;
}

/** Ends the id of a given model that claims an id of the catalogue, which belongs to another model. */
const GIVEN = "-given";

const MOST_LETTERS = 100;

/** Whether it can name a model: it is a part of addresses and of names of records. */
export const isModelId = (id: unknown): id is string => typeof id === "string" && /^\w[\w.-]{0,127}$/.test(id);

/** Lets a model in. Throws AppError: "not-allowed" by the policy, "model-known" by the catalogue, or what is wrong with its form. */
export function admit(candidate: Candidate): ModelCard {
  const card = readCandidate(candidate);
  demandModel(card);
  if (card.origin.kind === "address")
    for (const url of [card.origin.base, card.origin.library])
      if (!permits(url, location.origin, policy.network)) throw new AppError("not-allowed", url, "none");
  return card;
}

/**
 * The card of a model, judged by form alone: the catalogue's for a given model whose hashes the build has, since its files are held to
 * these. Throws AppError.
 */
export function readCandidate({ id, origin, facts, size }: Candidate): ModelCard {
  if (!isModelId(id))
    throw new AppError("model-invalid", `not a name of a model: ${shortened(String(JSON.stringify(id)), 80)}`, "none");
  const from = readOrigin(origin);
  const known = knownCard(id);
  if (known && from.kind === "address") throw new AppError("model-known", id, "none");
  if (known?.pins) return known;
  const bytes = Number.isSafeInteger(size) && (size as number) >= 0 ? (size as number) : 0;
  return unknownCard(known ? id + GIVEN : id, from, { ...readSaid(facts), ...(known ? { id } : {}) }, bytes);
}

/**
 * The card of a model about which nothing is known. How to run it is taken from the model that it claims to be, for without that it would
 * not run; publisher, licence and name are not.
 */
export function unknownCard(id: string, origin: Origin, said: Partial<Said>, size: number): ModelCard {
  const like = knownCard(said.id);
  const name = said.name ?? (like ?? namesake(id))?.name;
  const says =
    name !== undefined || Object.keys(said).length > 0 ? { ...said, name: shownPart(name ?? id) } : undefined;
  const quantization = /q\df(?:16|32)(?:_\d)?/.exec(id)?.[0] ?? "";
  const { thoughts, contextSize, bufferSize, manifest } = like ?? {};
  return {
    id,
    form: like?.form ?? "mlc",
    // No id has a slash: it is never taken for a build of a model of the catalogue.
    key: `own/${id}`,
    known: false,
    name: id,
    ...(says ? { says } : {}),
    family: "",
    publisher: "",
    licence: "",
    languages: [],
    tools: false,
    task: like?.task ?? "chat",
    contextWindow: contextSize ?? 0,
    repository: "",
    quantization,
    halfPrecision: quantization.includes("f16"),
    size,
    sizeIsExact: size > 0,
    memory: Math.round(size * 1.3),
    origin,
    ...(thoughts ? { thoughts } : {}),
    ...(contextSize === undefined ? {} : { contextSize }),
    ...(bufferSize === undefined ? {} : { bufferSize }),
    ...(manifest === undefined ? {} : { manifest }),
  };
}

/** What the policy in force names that fits no model of the catalogue: most likely a typing error. */
export const unmatchedNames = (): string[] => unmatched(policy.models, knownCards);

const bare = (text: string) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

/** The model of the catalogue that a person would take this name for. */
function namesake(name: string): ModelCard | undefined {
  return knownCards.find((card) => [card.id, card.key, card.name].some((known) => bare(known) === bare(name)));
}

function readOrigin(origin: unknown): Origin {
  const { kind, base, library } = (origin ?? {}) as Record<string, unknown>;
  if (kind === "given") return { kind };
  if (kind !== "address") throw new AppError("model-invalid", "it says not from where it comes", "none");
  const address = (url: unknown): string => {
    if (typeof url === "string" && /^https?:\/\//.test(url) && URL.canParse(url)) return url;
    throw new AppError("address-invalid", shortened(String(url), 200), "none");
  };
  return { kind, base: address(base), library: address(library) };
}

/** A text without what could make it look like something else: line breaks, marks of direction, quotation marks. */
const plainText = (text: string) =>
  text
    .replace(/[\p{C}\p{Z}]+/gu, " ")
    .replace(/["“”„‟«»‹›「」『』]/gu, "'")
    .trim();

/** Read again, it is the same. */
const shownPart = (text: string) => shortened(text, MOST_LETTERS).trim();

function readSaid(facts: unknown): Partial<Said> {
  const from = (typeof facts === "object" ? (facts ?? {}) : {}) as Record<string, unknown>;
  const texts = (["name", "publisher", "licence"] as const).flatMap((field) => {
    const value = from[field];
    const text = typeof value === "string" ? shownPart(plainText(value)) : "";
    return text === "" ? [] : [[field, text] as const];
  });
  const { parameters } = from;
  return {
    ...Object.fromEntries(texts),
    ...(Number.isSafeInteger(parameters) && (parameters as number) > 0 ? { parameters: parameters as number } : {}),
  };
}
