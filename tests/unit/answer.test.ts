// An answer as the worker writes it: what of the model's text is a thought is decided by what is known of the model, not by what it writes.
import { expect, test } from "vitest";
import type { Question } from "../../src/engine/protocol";
import { thinkTags } from "../../src/engine/thoughts";
import { Answer, type Pipeline } from "../../src/engine/webllm/answer";
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
  async function* stream() {
    if (lost) throw lost;
    interrupted = false;
    for (const content of left.shift()!) {
      if (interrupted) break;
      yield { choices: [{ delta: { content }, text: content, finish_reason: null }] };
    }
    yield { choices: [{ delta: {}, text: "", finish_reason: "stop" }] };
  }
  const completions = { create: async () => stream() };
  const interruptGenerate = async () => void (interrupted = true);
  const pipeline: Pipeline = {
    tokenizer: { encode: (text) => new Int32Array(text.length), decode: () => "" },
    getCurRoundCompletionTotalTokens: () => 0,
    conversation: {} as Pipeline["conversation"],
    embedAndForward: () => Promise.resolve(),
    device: { sync: () => Promise.resolve() },
  };
  const template = { ...starter.conv_template, roles: { ...starter.conv_template.roles, assistant: roleEnd } };
  let streamed = "";
  const answer = new Answer(
    { chat: { completions }, completions, interruptGenerate, resetChat: async () => {} } as never,
    pipeline,
    { context_window_size: 4096, conv_template: template } as never,
    { turns: [{ role: "user", content: "Hi" }], sampling: { temperature: 0, topP: 1 }, ...question },
    { signal: new AbortController().signal, started: () => {}, token: ({ text }) => void (streamed += text) },
  );
  const { stats: _, ...result } = await answer.write();
  return { ...result, streamed };
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
