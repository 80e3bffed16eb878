// What every runtime must do, whatever it is made of: the contract (engine/contract.ts) as a person and the other rooms rely on it. Runs over a list of
// runtimes, with the small models of the project in the form that each takes. Not for: what the app makes of it.
import { expect, test } from "playwright/test";
import type { ArtifactForm } from "../../src/engine/contract";
import type { AnswerStats, ChatTurn, Question } from "../../src/engine/protocol";
import { thinkTags, type PartialAnswer } from "../../src/engine/thoughts";
import { models, numbers, type App } from "./app";
import { openBench } from "./runtime/harness";
import type { Acts, Asked, Loaded } from "./runtime/page";

interface Case {
  name: string;
  form: ArtifactForm;
  /** A model that counts, adds and copies; one that thinks; and one that gives vectors, where there is one to try. */
  tiny: string;
  reasoner: string;
  embedding?: string;
}

const cases: Case[] = [
  { name: "WebLLM", form: "mlc", tiny: models.tiny.id, reasoner: models.reasoner.id },
  { name: "llama.cpp", form: "gguf", tiny: "islet-tiny-gguf", reasoner: "islet-reasoner-gguf" },
];

const said = (...texts: string[]): ChatTurn[] =>
  texts.map((content, i) => ({ role: i % 2 === 0 ? "user" : "assistant", content }));
const greedy = { temperature: 0, topP: 1 };
const thinking = { format: thinkTags, think: true };
/** An object that has nothing but one of these answers. */
const oneOf = (...answers: string[]) => ({
  type: "object",
  properties: { answer: { enum: answers } },
  required: ["answer"],
  additionalProperties: false,
});

for (const { name, form, tiny, reasoner, embedding } of cases)
  test.describe(name, () => {
    test.describe.configure({ mode: "serial" });
    let app: App;
    test.beforeAll(async () => {
      app = await openBench();
    });
    test.afterAll(async () => {
      await app.close();
      await app.server.stop();
    });

    const load = (id: string, embeds = false): Promise<Loaded> =>
      app.page.evaluate(([form, id, embeds]) => window.bench.load(form, id, embeds), [form, id, embeds] as const);
    const ask = (turns: ChatTurn[], more: Partial<Question> = {}, acts: Acts = {}): Promise<Asked> =>
      app.page.evaluate(([question, acts]) => window.bench.ask(question, acts), [
        { turns, sampling: greedy, ...more },
        acts,
      ] as const);
    /** The answer to a single question, which comes to its end. */
    const answerTo = async (question: string, more: Partial<Question> = {}) => {
      const { result, error } = await ask(said(question), more);
      expect(error).toBeUndefined();
      return result!;
    };

    test("says that this machine has what it needs, and which device", async () => {
      const { obstacle, device } = await app.page.evaluate((form) => window.bench.support(form), form);
      expect(obstacle).toBeUndefined();
      if (device) expect(device.maxBufferSize).toBeGreaterThan(2 ** 27);
    });

    test("loads a model, tells how that goes on, and says what the model can do", async () => {
      const { can, contextSize, adapter, phases } = await load(tiny);
      expect(can).toEqual(expect.arrayContaining(["think", "grammar"]));
      expect(contextSize).toBe(1024);
      expect(adapter).not.toBe("");
      expect(phases).toContain("read");
    });

    test("streams an answer in pieces that add up to it, with its figures", async () => {
      const { result, tokens, dropped } = await ask(said("Count from 1 to 40"));
      expect(result).toMatchObject({ thought: "", answer: numbers(1, 40), finish: "stop" });
      expect(tokens.length).toBeGreaterThan(20);
      expect(tokens.map(({ text }) => text).join("")).toBe(result!.answer);
      expect(new Set(tokens.map(({ part }) => part))).toEqual(new Set(["answer"]));
      expect(dropped).toBe(0);
      const { stats } = result!;
      expect(stats.answerTokens).toBeGreaterThanOrEqual(tokens.at(-1)!.tokens);
      for (const figure of ["promptTokens", "prefillRate", "decodeRate", "secondsToFirstToken", "seconds"] as const)
        expect(stats[figure], figure).toBeGreaterThan(0);
      expect(stats.contextUsed).toBeGreaterThanOrEqual(stats.answerTokens + stats.promptTokens - 2);
      expect(stats.contextSize).toBe(1024);
    });

    test("ends an answer after as many tokens as were asked for", async () => {
      const { answer, finish, stats } = await answerTo("Count from 1 to 40", { maxTokens: 8 });
      expect(numbers(1, 40).startsWith(answer)).toBe(true);
      expect({ finish, tokens: stats.answerTokens }).toEqual({ finish: "length", tokens: 8 });
    });

    test("stops an answer at once, keeps what was streamed, and answers the next question", async () => {
      const { result, tokens, stopping } = await ask(said("Count from 1 to 100"), {}, { stop: 5 });
      expect(result!.finish).toBe("stopped");
      expect(stopping).toBeLessThan(1000);
      expect(result!.answer).toBe(tokens.map(({ text }) => text).join(""));
      expect(numbers(1, 100).startsWith(result!.answer)).toBe(true);
      expect(result!.answer.length).toBeLessThan(60);
      expect((await answerTo("What is 3 + 4?")).answer).toBe("7");
    });

    test("stops also while a long question is read, and answers the next one", async () => {
      const long = `Repeat: ${"red lamp stone ".repeat(110)}`;
      const { result, tokens, stopping, error } = await ask(said(long), {}, { stop: 0 });
      expect(error).toBeUndefined();
      expect(tokens).toEqual([]);
      expect(result?.finish ?? "stopped").toBe("stopped");
      expect(stopping).toBeLessThan(1000);
      expect((await answerTo("Repeat: gold river")).answer).toBe("gold river");
    });

    test("reads of a follow-up only what is new, and answers as if it had read it all", async () => {
      const first = await answerTo("My word is river.");
      const turns = said("My word is river.", first.answer, "What is my word?");
      const { result: followed } = await ask(turns);
      // In a model that was loaded anew, all is read.
      await app.page.evaluate(() => window.bench.unload());
      await load(tiny);
      const { result: whole } = await ask(turns);
      expect(followed!.answer).toBe("river");
      expect(whole!.answer).toBe("river");
      const kept = ({ promptTokens, answerTokens, contextUsed }: AnswerStats) =>
        contextUsed - answerTokens - promptTokens;
      // What is not read again is the first exchange, but for the token that ended its answer, which was written and never read.
      expect(kept(whole!.stats)).toBe(0);
      expect(kept(followed!.stats)).toBe(first.stats.contextUsed - 1);
      expect(followed!.stats.contextUsed).toBe(whole!.stats.contextUsed);
    });

    test("goes on with an answer from the text that stands, without a seam", async () => {
      const continueFrom: PartialAnswer = { thought: "", answer: "1 2 3 4 5 6", closed: true };
      const { result, tokens } = await ask(said("Count from 1 to 12"), { continueFrom });
      expect(result).toMatchObject({ answer: numbers(1, 12), finish: "stop" });
      expect(tokens.map(({ text }) => text).join("")).toBe(numbers(1, 12).slice(continueFrom.answer.length));
    });

    test("leaves out the oldest turns where the window is full, whole exchanges, and says how many", async () => {
      const exchange = ["Count from 1 to 110", numbers(1, 110)];
      const { result, dropped } = await ask(said(...exchange, ...exchange, ...exchange, "What is 4 + 4?"));
      expect(result!.answer).toBe("8");
      expect(dropped).toBeGreaterThan(0);
      expect(dropped! % 2).toBe(0);
      expect(result!.stats.contextUsed).toBeLessThan(1024);
    });

    test("ends an answer that fills the window, and refuses a question that can never fit", async () => {
      const exchange = ["Count from 1 to 110", numbers(1, 110)];
      const { result } = await ask(said(...exchange, ...exchange, "Count from 1 to 110"));
      expect(result!.finish).toBe("length");
      expect(result!.stats.contextUsed).toBeLessThanOrEqual(1024);
      const { error } = await ask(said("red lamp stone ".repeat(500)));
      expect(error?.code).toBe("prompt-too-long");
    });

    test("holds an answer to a JSON Schema, also one that is gone on with", async () => {
      const schema = oneOf("river", "stone");
      const { answer, finish } = await answerTo("What is my word?", { schema });
      expect(finish).toBe("stop");
      expect(["river", "stone"]).toContain((JSON.parse(answer) as { answer: string }).answer);
      const continueFrom: PartialAnswer = { thought: "", answer: '{"answer": "st', closed: true };
      const rest = await answerTo("What is my word?", { schema, continueFrom });
      expect(JSON.parse(rest.answer)).toEqual({ answer: "stone" });
      // It is over with that answer.
      expect((await answerTo("Repeat: gold river")).answer).toBe("gold river");
    });

    test("draws equal answers from equal seeds, and others from others", async () => {
      // Nobody said a word before: any of them will do.
      const draw = async (seed: number) =>
        (await answerTo("What is my word?", { sampling: { temperature: 2, topP: 1 }, seed, maxTokens: 12 })).answer;
      const drawn: string[] = [];
      for (const seed of [1, 2, 3, 4, 5, 6]) drawn.push(await draw(seed));
      expect(new Set(drawn).size, drawn.join("|")).toBeGreaterThan(3);
      for (const seed of [1, 4]) expect(await draw(seed)).toBe(drawn[seed - 1]);
    });

    test("whose worker dies while it answers begins anew by itself, and nothing is lost or twice", async () => {
      const { result, recovered, tokens } = await ask(said("Count from 1 to 40"), {}, { kill: 9 });
      expect(recovered).toBe(true);
      expect(result).toMatchObject({ answer: numbers(1, 40), finish: "stop" });
      expect(tokens.map(({ text }) => text).join("")).toBe(numbers(1, 40));
    });

    const hard = said("What is forty plus nine plus thirty-one minus twelve plus fifty-five plus six plus eighty?");
    let thought = "";

    test("tells a thought from its answer", async () => {
      await load(reasoner);
      const { result, tokens } = await ask(hard, { thinking });
      thought = result!.thought;
      expect(result).toMatchObject({ answer: "209", finish: "stop" });
      expect(result!.cut).toBeUndefined();
      expect(thought).toContain("40 + 9 = 49");
      for (const part of ["thought", "answer"] as const)
        expect(tokens.flatMap((token) => (token.part === part ? token.text : [])).join("")).toBe(result![part]);
      expect(result!.stats.thoughtTokens).toBeGreaterThan(result!.stats.answerTokens);
    });

    test("answers without a thought where none is wanted", async () => {
      const { thought, answer, stats } = await answerTo("What is twenty plus thirty?", {
        thinking: { ...thinking, think: false },
      });
      expect({ thought, tokens: stats.thoughtTokens }).toEqual({ thought: "", tokens: 0 });
      expect(answer).toMatch(/^\d+$/);
    });

    test("closes a thought at its budget, and the answer follows", async () => {
      const { result } = await ask(hard, { thinking: { ...thinking, budget: 40 } });
      expect(result).toMatchObject({ cut: "budget", finish: "stop" });
      expect(result!.stats.thoughtTokens).toBe(40);
      expect(thought.startsWith(result!.thought)).toBe(true);
      expect(result!.answer).toMatch(/^\d+$/);
    });

    test("closes a thought when the answer is wanted now", async () => {
      const { result, tokens } = await ask(hard, { thinking }, { answerNow: 20 });
      expect(result).toMatchObject({ cut: "answer-now", finish: "stop" });
      expect(thought.startsWith(result!.thought)).toBe(true);
      expect(tokens.filter(({ part }) => part === "thought").length).toBeLessThan(40);
      expect(result!.answer).toMatch(/^\d+$/);
    });

    test("goes on with a thought that broke off", async () => {
      const half = thought.slice(0, thought.indexOf("49") + 2);
      const { result } = await ask(hard, { thinking, continueFrom: { thought: half, answer: "", closed: false } });
      expect(result).toMatchObject({ thought, answer: "209", finish: "stop" });
    });

    test("leaves a thought free and holds the answer after it to a JSON Schema", async () => {
      const { result, tokens } = await ask(hard, { thinking, schema: oneOf("209", "210") });
      expect(result).toMatchObject({ thought, finish: "stop" });
      expect(["209", "210"]).toContain((JSON.parse(result!.answer) as { answer: string }).answer);
      expect(tokens.flatMap(({ part, text }) => (part === "answer" ? text : [])).join("")).toBe(result!.answer);
    });

    test("refuses what a model cannot do, in words", async () => {
      const error = await app.page.evaluate(() => window.bench.embed(["red"]));
      expect("detail" in error ? error.detail : "").toContain("cannot embed");
    });

    test("gives vectors of texts, alike for what is alike, of a model that is made for it", async () => {
      test.skip(embedding === undefined, `no embedding model of the form ${form} is small enough for the repository`);
      const { can } = await load(embedding!, true);
      expect(can).toEqual(["embed"]);
      const texts = ["The cat sleeps.", "A cat is asleep.", "Shares fell on Monday."];
      const vectors = (await app.page.evaluate((texts) => window.bench.embed(texts), texts)) as number[][];
      const alike = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
      for (const vector of vectors) expect(alike(vector, vector)).toBeCloseTo(1, 4);
      expect(alike(vectors[0]!, vectors[1]!)).toBeGreaterThan(alike(vectors[0]!, vectors[2]!));
      const [alone] = (await app.page.evaluate((texts) => window.bench.embed(texts), [texts[1]!])) as number[][];
      expect(alike(alone!, vectors[1]!)).toBeGreaterThan(0.999);
    });

    test("answers nothing without a model", async () => {
      await app.page.evaluate(() => window.bench.unload());
      const { error } = await ask(said("Hello"));
      expect(error?.detail).toContain("no model is loaded");
    });
  });
