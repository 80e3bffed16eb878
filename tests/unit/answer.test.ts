// An answer as the worker writes it: what of the model's text is a thought is decided by what is known of the model, not by what it writes.
import { describe, expect, test } from "vitest";
import type { Question } from "../../src/engine/protocol";
import { thinkTags } from "../../src/engine/thoughts";
import { Answer, type Writer } from "../../src/engine/answer";
import { spread } from "../../src/engine/webllm/seed";
import { WebllmWriter } from "../../src/engine/webllm/webllm-writer";
import type { Pipeline } from "../../src/engine/webllm/patches/internals";
import starter from "../../public/models/smollm2-135m-instruct/resolve/main/mlc-chat-config.json";

/** What comes of a model that writes these texts, one each time it is begun or goes on, whatever it is asked, token by token. */
async function resultOf(
  texts: readonly string[],
  question: Partial<Question>,
  roleEnd = "<|im_start|>assistant\n",
  lost?: Error,
) {
  const left = [...texts];
  let interrupted = false;
  let tokens = 0;
  async function* stream() {
    if (lost) throw lost;
    interrupted = false;
    tokens = 0;
    for (const content of left.shift()!) {
      if (interrupted) break;
      tokens++;
      yield { choices: [{ delta: { content }, text: content, finish_reason: null }] };
    }
    yield { choices: [{ delta: {}, text: "", finish_reason: "stop" }] };
  }
  /** What the model was asked for, one after the other: with a prompt, or with turns. */
  const requests: { how: "from text" | "chat"; format?: object; seed?: number; held: WebllmWriter["held"] }[] = [];
  const completions = (how: "from text" | "chat") => ({
    create: async (settings: { response_format?: object; seed?: number }) => {
      const { response_format: format, seed } = settings;
      requests.push({ how, held: writer.held, ...(format ? { format } : {}), ...(seed === undefined ? {} : { seed }) });
      return stream();
    },
  });
  const interruptGenerate = async () => void (interrupted = true);
  const pipeline: Pipeline = {
    tokenizer: { encode: (text) => new Int32Array(text.length), decode: () => "" },
    getCurRoundCompletionTotalTokens: () => tokens,
    conversation: {} as Pipeline["conversation"],
    embedAndForward: () => Promise.resolve(),
    prefillStep: () => Promise.resolve(),
    prepareGrammarMatcherForSampling: () => undefined,
    device: { sync: () => Promise.resolve() },
  };
  const template = { ...starter.conv_template, roles: { ...starter.conv_template.roles, assistant: roleEnd } };
  let streamed = "";
  const engine = { chat: { completions: completions("chat") }, completions: completions("from text") };
  const writer: WebllmWriter = new WebllmWriter(
    { ...engine, interruptGenerate, resetChat: async () => {} } as never,
    pipeline,
    { context_window_size: 4096, conv_template: template } as never,
  );
  const answer = new Answer(
    writer,
    { turns: [{ role: "user", content: "Hi" }], sampling: { temperature: 0, topP: 1 }, ...question },
    { signal: new AbortController().signal, started: () => {}, token: ({ text }) => void (streamed += text) },
  );
  const { stats: _, ...result } = await answer.write();
  return { ...result, streamed, requests };
}

async function answerOf(writes: string, question: Partial<Question>, roleEnd?: string, lost?: Error) {
  const { thought, answer } = await resultOf([writes], question, roleEnd, lost);
  return { thought, answer };
}

const tagged = "<think>\nTwo and two.\n</think>\n\nFour is <think>not</think> it.";
const after = "Four is <think>not</think> it.";

test("tags of a model without a form for thoughts are text, at the beginning as well", async () => {
  expect(await answerOf(tagged, {})).toEqual({ thought: "", answer: tagged });
});

test("of a model with one, what stands first is a thought, and tags in the answer are text", async () => {
  const thinking = { format: thinkTags, think: true };
  expect(await answerOf(tagged, { thinking })).toEqual({ thought: "Two and two.", answer: after });
  expect(await answerOf(tagged.slice(8), { thinking })).toEqual({ thought: "Two and two.", answer: after });
  expect(await answerOf(after, { thinking: { ...thinking, think: false } })).toEqual({ thought: "", answer: after });
});

test("a template that opens a thought says so itself", async () => {
  const opened = await answerOf(tagged.slice(8), {}, "<|im_start|>assistant\n<think>\n");
  expect(opened).toEqual({ thought: "Two and two.", answer: after });
});

test("what another model thought is no beginning of an answer of one that does not think", async () => {
  const continueFrom = { thought: "Two.", answer: "Fo", closed: true };
  expect(await answerOf("ur.", { continueFrom })).toEqual({ thought: "Two.", answer: "Four." });
});

test("what is stopped before the model began to write is not begun", async () => {
  const ending = new AbortController();
  const writer: Writer = {
    contextSize: 100,
    count: () => 1,
    turnsToDrop: () => 0,
    render: () => "Hi",
    write: () => {
      throw new Error("it was begun");
    },
    interrupt: () => {},
    over: () => {},
  };
  const question = { turns: [{ role: "user" as const, content: "Hi" }], sampling: {} };
  const started = () => ending.abort();
  const answer = new Answer(writer, question, { signal: ending.signal, started, token: () => {} });
  expect(await answer.write()).toMatchObject({ answer: "", finish: "stopped" });
});

test("a device that is lost is no stop, whatever it is called by the browser", async () => {
  const lost = new DOMException("Device was destroyed.", "AbortError");
  await expect(answerOf("Four.", {}, undefined, lost)).rejects.toBe(lost);
});

const cycle = "It is what it is, and what it is, it is. ";
const steps = Array.from({ length: 200 }, (_, i) => `Step ${i}: ${i} and ${i} are ${2 * i}. `).join("");

test("an answer that cycles is ended where that is seen, with what was written, and says so", async () => {
  const { answer, finish, streamed } = await resultOf([`First this. ${cycle.repeat(500)}`], {});
  expect(finish).toBe("repeated");
  expect(answer).toMatch(/^First this\. It is what it is/);
  expect(answer).toBe(streamed);
  // Ten times, not five hundred.
  expect(answer.length).toBeLessThan(12 * cycle.length);
});

test("a thought that cycles is closed, and the answer follows", async () => {
  const thinking = { format: thinkTags, think: true };
  const { thought, answer, finish, cut } = await resultOf([cycle.repeat(500), "So it is."], { thinking });
  expect({ answer, finish, cut }).toEqual({ answer: "So it is.", finish: "stop", cut: "repetition" });
  expect(thought.length).toBeLessThan(12 * cycle.length);
});

test("an answer that says what the thought said is none that cycles, nor is a long one", async () => {
  const thinking = { format: thinkTags, think: true };
  const twice = await resultOf([`${cycle.repeat(6)}</think>\n\n${cycle.repeat(6)}`], { thinking });
  expect(twice).toMatchObject({ answer: cycle.repeat(6), finish: "stop" });
  expect(twice.cut).toBeUndefined();
  expect(await resultOf([steps], {})).toMatchObject({ answer: steps, finish: "stop" });
});

describe("an answer that is to be JSON of a schema", () => {
  const schema = { type: "object", properties: { sum: { type: "integer" } } };
  const text = JSON.stringify(schema);
  const thinking = { format: thinkTags, think: true };

  test("with nothing before it is asked for in the words of WebLLM, so that a follow-up reads only what is new", async () => {
    const { answer, requests } = await resultOf(['{"sum": 4}'], { schema });
    expect(answer).toBe('{"sum": 4}');
    expect(requests).toEqual([{ how: "chat", format: { type: "json_object", schema: text }, held: undefined }]);
  });

  test("comes after a free thought, of which nothing is lost and nothing of an answer is let through", async () => {
    const { thought, answer, finish, cut, streamed, requests } = await resultOf(
      ["Two and two.\n</think>\n\nIt is four.", '{"sum": 4}'],
      { schema, thinking },
    );
    expect({ thought, answer, finish, cut }).toEqual({
      ...{ thought: "Two and two.", answer: '{"sum": 4}', finish: "stop", cut: undefined },
    });
    expect(streamed).toBe('Two and two.{"sum": 4}');
    expect(requests.map(({ how, held }) => ({ how, held }))).toEqual([
      { how: "from text", held: undefined },
      { how: "from text", held: { schema: text, begun: "" } },
    ]);
  });

  test("comes also after a thought that reaches its budget, or that the model ends with all else", async () => {
    const budget = await resultOf([steps, '{"sum": 4}'], { schema, thinking: { ...thinking, budget: 0 } });
    expect(budget).toMatchObject({ answer: '{"sum": 4}', cut: "budget", finish: "stop" });
    const ended = await resultOf(["Two and two.", '{"sum": 4}'], { schema, thinking });
    expect(ended).toMatchObject({ thought: "Two and two.", answer: '{"sum": 4}', finish: "stop" });
    expect(ended.cut).toBeUndefined();
  });

  test("goes on from what stands of it", async () => {
    const continueFrom = { thought: "", answer: '{"sum"', closed: true };
    const { answer, requests } = await resultOf([": 4}"], { schema, continueFrom });
    expect(answer).toBe('{"sum": 4}');
    expect(requests[0]!.held).toEqual({ schema: text, begun: '{"sum"' });
  });
});

describe("a seed", () => {
  test("is the same for the same, in each stretch of an answer another one, and what WebLLM takes", async () => {
    const thinking = { format: thinkTags, think: true, budget: 0 };
    const seeds = async (seed: number) =>
      (await resultOf([steps, "So."], { seed, thinking })).requests.map((request) => request.seed!);
    const [first, second] = await seeds(7);
    expect(await seeds(7)).toEqual([first, second]);
    expect(first).not.toBe(second);
    expect((await resultOf(["So."], {})).requests[0]!.seed).toBeUndefined();
  });

  test("is spread, so that small ones do not draw alike, and every whole number will do", () => {
    const all = [0, 1, 2, 3, -1, -2, 2 ** 31, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER, -(2 ** 53) + 1];
    const spreadOut = all.map(spread);
    expect(new Set(spreadOut).size).toBe(all.length);
    for (const seed of spreadOut) expect(Number.isInteger(seed) && seed > 0 && seed < 2 ** 31 - 1).toBe(true);
    const some = Array.from({ length: 1000 }, (_, seed) => spread(seed) / 2 ** 31);
    // As many in each tenth, within what chance gives.
    for (let tenth = 0; tenth < 10; tenth++) {
      const count = some.filter((x) => Math.floor(x * 10) === tenth).length;
      expect(count).toBeGreaterThan(65);
      expect(count).toBeLessThan(135);
    }
  });
});
