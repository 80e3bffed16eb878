// Vectors of texts, from a model that is made for them. Not for: what a text is of (a question, a passage), which some models want to be told in
// words before it: that is for whoever asks.
import type { MLCEngine } from "@mlc-ai/web-llm";
import type { Tokenizer } from "./patches/internals";

/** Texts that are read at once: between two such parts it can be ended. */
const AT_ONCE = 4;

/** The tokens that stand around each text for models of BERT's kind, which are all that WebLLM has; it leaves it to us to put them there. */
const AROUND = ["[CLS]", "[SEP]"] as const;

/**
 * One vector of length 1 for each text, in order. Throws AppError "prompt-too-long" by way of failure.ts where a text does not fit the window:
 * nothing is cut off silently. An AbortError when `signal` ends it.
 */
export async function embed(
  engine: Pick<MLCEngine, "embeddings">,
  tokenizer: Tokenizer,
  texts: readonly string[],
  signal: AbortSignal,
): Promise<Float32Array[]> {
  const [begin, end] = AROUND.map((mark) => [...tokenizer.encode(mark)]);
  // Where these are no single tokens, the model is of another kind and wants none.
  const framed = begin!.length === 1 && end!.length === 1;
  const tokensOf = (text: string): number[] => {
    const tokens = [...tokenizer.encode(text)];
    if (!framed) return tokens;
    // A text that has them as letters ends nothing by it.
    return [begin![0]!, ...tokens.filter((token) => token !== begin![0] && token !== end![0]), end![0]!];
  };
  const vectors: Float32Array[] = [];
  for (let at = 0; at < texts.length; at += AT_ONCE) {
    signal.throwIfAborted();
    const { data } = await engine.embeddings.create({ input: texts.slice(at, at + AT_ONCE).map(tokensOf) });
    vectors.push(...data.map(({ embedding }) => ofLengthOne(embedding)));
  }
  signal.throwIfAborted();
  return vectors;
}

function ofLengthOne(vector: readonly number[]): Float32Array {
  const length = Math.hypot(...vector);
  return Float32Array.from(vector, (value) => (length > 0 ? value / length : 0));
}
