// The models the app offers: those that are shipped with it, those a runtime has builds of, and those a person added. Each build is
// joined with what is known of its model. Not for: models that the build does not know (admit.ts), which of them fit this machine (fit.ts),
// or are here (installed.svelte.ts).
import starterFiles from "../../../public/models/smollm2-135m-instruct/resolve/main/islet-model.json";
import reasonerFiles from "../../../public/models/islet-reasoner/resolve/main/islet-model.json";
import tinyFiles from "../../../public/models/islet-tiny/resolve/main/islet-model.json";
import type { ArtifactForm } from "../../engine/contract";
import { thinkTags } from "../../engine/thoughts";
import { LIBRARY, type ModelFile, type PackageFacts } from "../../engine/protocol";
import type { Sampling } from "../../engine/sampling";
import type { NetworkRules } from "../../trust/rules/network-rules";
import { families, type ModelFacts } from "./families";

/**
 * Where a model's files come from. `own`: shipped with the app; `hub`: where the runtime's list says, or the policy's mirror; `address`: where
 * the person said; `given`: from a folder or file, so that they cannot be fetched again.
 */
export type Origin =
  | { kind: "own" }
  | { kind: "hub"; base: string; library: string }
  | { kind: "address"; base: string; library: string }
  | { kind: "given" };

/** What a model says of itself: checked for form, not for truth. */
export interface Said extends PackageFacts {
  name: string;
  /** The id of the catalogue that it claims. */
  id?: string;
}

/** One build of a model, with what a person should know before a download. Sizes in bytes. */
export interface ModelCard extends Omit<ModelFacts, "licence" | "country" | "parameters"> {
  id: string;
  form: ArtifactForm;
  /** The build knows this model. Of one that it does not know, name, publisher and licence are empty or the id. */
  known: boolean;
  /** What an unknown model says of itself. */
  says?: Said;
  /** What the builds of one model share. */
  key: string;
  /** An SPDX identifier or what stands for one; "" when the model does not say. */
  licence: string;
  country?: string;
  parameters?: number;
  /** How the weights are written, as MLC names it: q4f16_1 has 4 bits each and computes in 16. */
  quantization: string;
  /** Computes in half precision, for which an adapter needs shader-f16. */
  halfPrecision: boolean;
  /** Tokens of context window that the build is made for. */
  contextSize?: number;
  /** Bytes to download; a calculation from the parameters where `sizeIsExact` is false. */
  size: number;
  sizeIsExact: boolean;
  /** Bytes of memory on the graphics device. */
  memory: number;
  /** Bytes of the largest buffer, where stated. */
  bufferSize?: number;
  origin: Origin;
  /** Sizes and hashes that are known beforehand. */
  pins?: Readonly<Record<string, ModelFile>>;
  /** What to sample with, where it is not what the model's configuration says. */
  sampling?: Sampling;
  /** Which `models.about.*` message describes it. */
  about?: "starter" | "tiny" | "reasoner";
  manifest?: string;
}

/** A model with its builds, the one for most machines first. */
export interface CatalogueModel {
  key: string;
  builds: readonly ModelCard[];
}

/** One of a runtime's own list, as the build reads it (scripts/). Memory in MiB. */
export interface PrebuiltModel {
  id: string;
  form: ArtifactForm;
  base: string;
  library: string;
  memoryMB: number;
  contextSize?: number;
  bufferSize?: number;
  halfPrecision: boolean;
  embedding: boolean;
  manifest?: string;
}

const MIB = 2 ** 20;

function shipped(
  id: string,
  files: ModelCard["pins"] & object,
  facts: Partial<ModelCard> & { name: string },
): ModelCard {
  const size = Object.values(files).reduce((sum, f) => sum + f.bytes, 0);
  return {
    id,
    form: "mlc",
    key: id,
    known: true,
    family: "Islet",
    publisher: "Islet",
    licence: "Apache-2.0",
    languages: ["en"],
    tools: false,
    task: "chat",
    contextWindow: facts.contextSize ?? 0,
    repository: "",
    quantization: "q8",
    halfPrecision: false,
    size,
    sizeIsExact: true,
    memory: size * 2,
    origin: { kind: "own" },
    pins: files,
    ...facts,
  };
}

/** The models that come with the app. The first is the one recommended to a newcomer. */
export const shippedModels: readonly ModelCard[] = [
  shipped("smollm2-135m-instruct", starterFiles.files, {
    name: "SmolLM2 135M Instruct",
    family: "SmolLM2",
    publisher: "Hugging Face",
    country: "US",
    parameters: 134_515_008,
    contextSize: 2048,
    contextWindow: 8192,
    quantization: "q4",
    repository: "HuggingFaceTB/SmolLM2-135M-Instruct",
    about: "starter",
    sampling: { temperature: 0.2, topP: 0.9 },
  }),
  shipped("islet-tiny", tinyFiles.files, {
    name: "Islet Tiny",
    parameters: 853_120,
    contextSize: 1024,
    about: "tiny",
  }),
  shipped("islet-reasoner", reasonerFiles.files, {
    name: "Islet Reasoner",
    parameters: 1_758_912,
    contextSize: 1024,
    languages: ["en", "fr", "ja", "vi"],
    thoughts: thinkTags,
    about: "reasoner",
  }),
];

const buildName = /^(.+)-(q(\d)f(?:16|32)(?:_\d)?)-MLC(?:-(?:1k|b4|b32))?$/;

/** Bits that a weight takes: the number in the name and, below 16, a scale for each group of 32 (q3: 40, packed in words of 10). */
function bitsPerWeight(quantization: string): number {
  const scale = quantization.includes("f16") ? 16 : 32;
  if (quantization.startsWith("q0")) return scale;
  return quantization.startsWith("q3") ? 3.2 + scale / 40 : Number(quantization[1]) + scale / 32;
}

/** The card of one build of a runtime's list, or undefined when nothing is known of its model. */
export function prebuiltCard(build: PrebuiltModel): ModelCard | undefined {
  const [, key, quantization] = buildName.exec(build.id) ?? [];
  const family = families.find((f) => key !== undefined && key in f.members);
  if (!family || key === undefined || quantization === undefined) return undefined;
  const { members, ...shared } = family;
  const facts: ModelFacts = { ...shared, ...members[key]! };
  const { id, form, base, library, contextSize, bufferSize, halfPrecision, manifest } = build;
  return {
    ...facts,
    id,
    form,
    key,
    known: true,
    quantization,
    halfPrecision,
    size: Math.round((facts.parameters * bitsPerWeight(quantization)) / 8),
    sizeIsExact: false,
    memory: Math.round(build.memoryMB * MIB),
    origin: { kind: "hub", base, library },
    ...(contextSize === undefined ? {} : { contextSize }),
    ...(bufferSize === undefined ? {} : { bufferSize }),
    ...(manifest === undefined ? {} : { manifest }),
  };
}

/** Four bits before more, half precision before single, the longer context window before the shorter. */
function preference(card: ModelCard): number {
  return (
    (card.quantization.startsWith("q0") ? 4 : 0) + (card.halfPrecision ? 0 : 2) + (/-(1k|b4)$/.test(card.id) ? 1 : 0)
  );
}

/** Puts builds of one model together, in the order in which the models come. */
export function groupBuilds(cards: readonly ModelCard[]): CatalogueModel[] {
  const models = new Map<string, ModelCard[]>();
  for (const card of cards) models.set(card.key, [...(models.get(card.key) ?? []), card]);
  return [...models].map(([key, builds]) => ({ key, builds: builds.sort((a, b) => preference(a) - preference(b)) }));
}

/** Every build that comes with the app or that a runtime has. */
export const knownCards: readonly ModelCard[] = [
  ...shippedModels,
  ...__PREBUILT_MODELS__.flatMap((build) => prebuiltCard(build) ?? []),
];

const byId = new Map(knownCards.map((card) => [card.id, card]));

export const knownCard = (id: string | undefined): ModelCard | undefined =>
  id === undefined ? undefined : byId.get(id);

/** The address under which a model's files are kept, wherever they come from. */
export function baseUrlOf(id: string): string {
  return new URL(`models/${id}/resolve/main/`, document.baseURI).href;
}

/** Where the files of a card are fetched from under a policy; undefined for what was given by hand. */
export function addressOf(
  card: ModelCard,
  rules: NetworkRules,
): { from: string; library: string; pinsAtSource: boolean } | undefined {
  const { origin } = card;
  switch (origin.kind) {
    case "given":
      return undefined;
    case "own":
      return { from: baseUrlOf(card.id), library: baseUrlOf(card.id) + LIBRARY, pinsAtSource: false };
    case "hub": {
      if (rules.mirror === null) return { from: origin.base, library: origin.library, pinsAtSource: false };
      const from = new URL(`${card.id}/resolve/main/`, new URL(rules.mirror, document.baseURI)).href;
      return { from, library: from + LIBRARY, pinsAtSource: true };
    }
    case "address":
      return { from: origin.base, library: origin.library, pinsAtSource: false };
  }
}
