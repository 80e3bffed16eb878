// How much memory a model takes in the runtime, before a byte of its weights is there: by its header, the window and how it is run. Not for: what
// the machine has, or whether that is enough.
//
// Measured in November 2026 with @wllama/wllama 3.13.0 (llama.cpp b12211) in Chromium, one thread, one sequence, all in MiB. Weights, cache and
// computing are what llama.cpp logs for its buffers; "taken" is what the tab's process had (RssAnon, settled) beyond the 21 of an empty page; "grown" is
// how large the module's own memory became, which does not shrink again:
//
//   model                     window  weights  cache  computing  taken  predicted in all  grown
//   Islet Tiny, Q8_0            2048      0.9    2.0        5.5     60               56               130
//   Islet Tiny, Q8_0            8192      0.9    8.0       11.6     66               68               130
//   SmolLM2 135M, Q5_1          2048    104.8   45.0       16.7    222              219               422
//   SmolLM2 135M, Q5_1          8192    104.8  180.0       22.7    358              360               603
//   Gemma 3 270M, Q4_K_M        2048    235.2   21.0       21.3    353              349               697
//   Gemma 3 270M, Q4_K_M        8192    235.2   39.0       27.3    372              373               697
//
// The most that the process had at any moment (VmHWM, which counts the program's files as well) was 110 to 280 MiB above what it settled at.
// Other kinds of layers (mixtures of experts, Mamba 2, short convolutions, wide heads) were measured with native llama.cpp (node-llama-cpp 3.22.1) on
// models of zeros; tests/unit/gguf-facts.test.ts has all figures. Scratch alone is met less well there, from 4 % too little to 28 % too much; it is the
// smaller part of a model of any size. What lies on a graphics device is llama.cpp's rule, and was not measured.
import { embedders } from "./gguf-architectures";
import type { GgufFacts } from "./gguf-facts";
import type { LayerCache } from "./gguf-layers";

export interface MemoryOptions {
  /** Threads that reckon; 1 if left out. */
  threads?: number;
  /** How keys and values are kept; "f16" if left out. */
  cacheType?: "f16" | "q8_0";
  /** Everything but the table of tokens goes to the graphics device. */
  gpu?: boolean;
  /** Attention without a matrix of all pairs. What the runtime does unless told otherwise. */
  flashAttention?: boolean;
  /** Conversations that share the window; 1 if left out (wllama itself takes 4). */
  sequences?: number;
  /** Tokens read at once; 512 if left out. */
  batch?: number;
}

/** Bytes by what they are for. */
export interface GgufMemory {
  weights: number;
  /** Keys and values of the whole window, and the states of recurrent layers. */
  cache: number;
  /** Scratch of one step, and its results. */
  computing: number;
  /** The program itself, its threads and the tables of its tokenizer. */
  base: number;
  total: number;
  /** What of the total lies in the memory of the graphics device; 0 without one. */
  device: number;
  /** What of the total lies in the runtime's own memory, which can hold 4 GiB at most (`LARGEST_HEAP`). */
  heap: number;
}

/**
 * The module of wllama 3.13.0 declares 4 GiB (65,536 pages) as the most that its memory may grow to, whatever the machine has. Whoever holds `heap`
 * against it should leave 400 MiB: so much larger than what was in use did it become ("grown" above), for what loading needs and gives back.
 */
export const LARGEST_HEAP = 4 * 2 ** 30;

const MIB = 2 ** 20;
/** Taken beyond the logged buffers, without a vocabulary: compiled code for the larger part. From the table above. */
const PROGRAM = 48 * MIB;
/** For each token of the vocabulary: its text, and places in two tables. From the two models with the largest difference. */
const TOKEN = 90;
/** For each further thread: its stack of 5 MiB, and a worker with the same module. */
const THREAD = 6 * MIB;
/** Cells of a cache come by so many. */
const CELLS = 256;
const BATCH = 512;

/** Bytes of one number in a cache: 32 of 8 bits share a scale of 16. */
const cacheBytes = { f16: 2, q8_0: 34 / 32 } as const;

const padded = (cells: number) => Math.ceil(cells / CELLS) * CELLS;

type Plan = Required<Omit<MemoryOptions, "threads" | "gpu">> & { cells: number };

/** Cells of a layer: the window that it looks back, and what is read at once; or the whole context. */
function cellsOf({ window }: LayerCache, { cells, sequences, batch }: Plan): number {
  return window === undefined ? cells : Math.min(cells, padded(window * sequences + batch));
}

function cacheOf({ layers, architecture }: GgufFacts, plan: Plan): number {
  // What gives vectors reads a text once, and keeps nothing of it.
  if (embedders.has(architecture)) return 0;
  const each = cacheBytes[plan.cacheType];
  return layers.reduce(
    (sum, layer) => sum + cellsOf(layer, plan) * (layer.keys + layer.values) * each + layer.state * 4 * plan.sequences,
    0,
  );
}

/**
 * The largest moment of one step. Found by fitting what llama.cpp logs; each term is a matrix of as many rows as tokens are read at once, of numbers of
 * 32 bits: three of the feed-forward part and five of the model's width at once, or queries, keys and values with what attention adds.
 */
function computingOf(facts: GgufFacts, plan: Plan): number {
  const { embeddingLength: width, feedForwardLength, queryLength, heads, layers, experts } = facts;
  const { batch, flashAttention } = plan;
  const keyed = layers.filter(({ keys }) => keys > 0);
  const keys = Math.max(0, ...keyed.map((layer) => layer.keys));
  const inner = Math.max(0, ...layers.map(({ state }) => state && facts.innerLength));
  // The answers of all chosen experts stand side by side, twice, until they are added.
  const forward = Math.max(3 * feedForwardLength, 2 * (experts?.used ?? 0) * width, 5 * inner) + 5 * width;
  const vectors = embedders.has(facts.architecture);
  const cellKinds = vectors ? [batch] : [...new Set(keyed.map((layer) => cellsOf(layer, plan)))];
  const masks = cellKinds.reduce((sum, cells) => sum + cells, 0) * (flashAttention ? 2 : 4) * batch;
  const pairs = flashAttention ? 0 : heads * Math.max(0, ...cellKinds);
  const attention = flashAttention ? 2 * queryLength + 2 * keys + 3 * width : 5 * queryLength + 2 * keys + width;
  const results = plan.sequences * (vectors ? width : facts.vocabulary) * 4;
  return Math.max(batch * 4 * Math.max(forward, attention + pairs) + masks, results) + results;
}

/**
 * The memory that a model takes with a context of so many tokens.
 * @param contextSize tokens of the window; more than the model was made for is reckoned all the same
 */
export function memoryOf(facts: GgufFacts, contextSize: number, options: MemoryOptions = {}): GgufMemory {
  const { threads = 1, gpu = false, ...rest } = options;
  const cells = padded(Math.max(contextSize, 1));
  const plan = { cacheType: "f16", flashAttention: true, sequences: 1, batch: BATCH, ...rest, cells } as const;
  const [cache, computing] = [cacheOf(facts, plan), computingOf(facts, plan)];
  const { bytes, tied } = facts.tokenTable;
  // A table that also writes tokens is there twice then: once where words come in, once on the device.
  const weights = facts.weightBytes + (gpu && tied ? bytes : 0);
  const base = PROGRAM + TOKEN * facts.vocabulary + THREAD * (threads - 1);
  const total = weights + cache + computing + base;
  const device = gpu ? weights - bytes + cache + computing : 0;
  return { weights, cache, computing, base, total, device, heap: total - device - PROGRAM };
}
