// An answer that goes on from a text can be held to a schema. WebLLM's completions, which alone go on from a text, take no `response_format`, though
// the pipeline below them takes one; and what it has written is matched from the beginning of the schema, also where a part of that stands already.
// Here the pipeline is told the schema of a completion, and its matcher what stands. And JSON is held to one line: where it may have white space, a
// small model writes that for ever. Assumes WebLLM 0.2.86; without it, an answer after a thought, or one that is resumed, would be held to
// nothing. Not for: where a schema comes in (webllm-writer.ts).

/** What the next completion is to be: JSON of a schema (as text), of which `begun` stands. */
export interface Held {
  schema: string;
  begun: string;
}

/** How an answer is to be generated: what is used of WebLLM's settings. */
interface Settings {
  response_format?: { type: "json_object"; schema: string };
}

/** What is used of WebLLM's pipeline, whose class keeps it private. */
export interface Matching {
  prefillStep(input: unknown, role: unknown, name: unknown, settings?: Settings): Promise<void>;
  prepareGrammarMatcherForSampling(settings?: Settings): Promise<void> | undefined;
  grammarMatcher?: { _acceptString(text: string): boolean };
  /** Made when it is first needed. */
  grammarCompiler?: Compiler;
}

/** What is used of XGrammar's; an indent of -1 is one line. */
interface Compiler {
  compileJSONSchema(schema: string, anyWhitespace?: boolean, indent?: number): Promise<unknown>;
}

/** `heldTo`: what the answer that is being generated is held to, where WebLLM was not told. */
export function holdCompletions(pipeline: Matching, heldTo: () => Held | undefined): void {
  let compiler: Compiler | undefined;
  Object.defineProperty(pipeline, "grammarCompiler", {
    get: () => compiler,
    set(made: Compiler | undefined) {
      compiler = made;
      const compile = made?.compileJSONSchema.bind(made);
      if (made && compile) made.compileJSONSchema = (schema) => compile(schema, false, -1);
    },
  });
  const prefill = pipeline.prefillStep.bind(pipeline);
  pipeline.prefillStep = (input, role, name, settings = {}) => {
    const held = heldTo();
    // The same settings go with every token after these.
    if (held) settings.response_format = { type: "json_object", schema: held.schema };
    return prefill(input, role, name, settings);
  };
  const prepare = pipeline.prepareGrammarMatcherForSampling.bind(pipeline);
  pipeline.prepareGrammarMatcherForSampling = (settings) => {
    const prepared = prepare(settings);
    const begun = heldTo()?.begun ?? "";
    if (begun === "") return prepared;
    const told = (prepared ?? Promise.resolve()).then(() => {
      if (!pipeline.grammarMatcher?._acceptString(begun)) throw new Error(`not the beginning of such JSON: ${begun}`);
    });
    // It is waited for only when the prompt is read.
    told.catch(() => {});
    return told;
  };
}
