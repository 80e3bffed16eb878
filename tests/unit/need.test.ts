// "Auto" on questions that its training never saw: calculations in many languages and notations think, other numbers do not; also where a
// question goes on with the one before it.
import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { Conversations } from "../../src/chat/conversations.svelte";
import { contentOf } from "../../src/chat/conversation-records";
import { Session } from "../../src/chat/session.svelte";
import type { Engines } from "../../src/engine/client/engines";
import type { GenerateOptions } from "../../src/engine/client/engine-client";
import { thinkTags } from "../../src/engine/thoughts";
import type { Models } from "../../src/models/models.svelte";
import { needOf, signsOf } from "../../src/reasoning/need";
import weights from "../../src/reasoning/need-weights.json";
import { numbersIn, plainText } from "../../src/reasoning/sums";
import { Runs } from "../../src/runs/runs.svelte";
import { Records } from "../../src/storage/records";
import { Settings } from "../../src/storage/settings.svelte";
import { AuditLog } from "../../src/trust/log/audit-log.svelte";

vi.stubGlobal("__APP_VERSION__", "0");
vi.stubGlobal("__APP_COMMIT__", "");

interface Row {
  think: boolean;
  language: string;
  question: string;
  earlier: string[];
}
const read = (file: string) => readFileSync(`recipes/need/${file}`, "utf8").trimEnd().split("\n").slice(1);
const rowsOf = (file: string): Row[] =>
  read(file).map((line) => {
    const [label, language, question, earlier] = line.split("\t");
    return { think: label === "1", language: language!, question: question!, earlier: earlier ? [earlier] : [] };
  });
const heldOut = rowsOf("sums-held-out.tsv");
const trained = [
  ...rowsOf("sums.tsv").map(({ question }) => question),
  ...read("prompts.tsv").flatMap((line) => line.split("\t").slice(1)),
];

describe("questions that the training never saw", () => {
  test("are enough in each language, of both kinds, and none was trained on", () => {
    const sums = (language: string) => heldOut.filter((row) => row.think && row.language === language).length;
    for (const language of ["en", "fr", "ja", "vi", "-", "other"]) expect(sums(language)).toBeGreaterThanOrEqual(25);
    expect(sums("follow-up")).toBeGreaterThanOrEqual(15);
    expect(heldOut.filter(({ think }) => !think).length).toBeGreaterThanOrEqual(80);
    const even = (text: string) => text.normalize("NFKC").toLowerCase();
    const seen = new Set(trained.map(even));
    // A follow-up is the same only with what it follows.
    for (const { question, earlier } of heldOut) if (earlier.length === 0) expect(seen).not.toContain(even(question));
    const lines = read("sums-held-out.tsv");
    expect(new Set(lines).size).toBe(lines.length);
  });

  test("the stated accuracy is what the code has on them", () => {
    const right = heldOut.filter(({ think, question, earlier }) => needOf(question, earlier).think === think).length;
    expect(right / heldOut.length).toBeCloseTo(weights.accuracy.sumsHeldOut, 3);
    expect(weights.prompts.sumsHeldOut).toBe(heldOut.length);
  });

  test.each(heldOut)("$language: $question", ({ think, question, earlier }) => {
    expect(needOf(question, earlier).think).toBe(think);
  });
});

test("every question that the small reasoning model is measured on needs a thought", () => {
  const asked = JSON.parse(readFileSync("recipes/reasoner/held-out.json", "utf8")) as { text: string }[];
  expect(asked.length).toBe(400);
  expect(asked.map(({ text }) => text).filter((text) => !needOf(text).think)).toEqual([]);
});

describe("any sum", () => {
  const digits = ["0123456789", "０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "๐๑๒๓๔๕๖๗๘๙"];
  const asked = [
    "#",
    "# =",
    "# = ?",
    "What is #?",
    "Combien font # ?",
    "#はいくつ？",
    "# bằng mấy?",
    "et # ?",
    "じゃあ#は？",
  ];
  test.each(["+", " + ", "×", " × ", "÷", " ÷ ", "*", " − ", "-", " - ", "/"])("with %j", (operator) => {
    for (const script of digits)
      for (const around of asked)
        for (const [a, b] of [
          [17, 25],
          [9, 4],
          [1200, 37],
        ]) {
          const sum = `${a}${operator}${b}`.replace(/\d/g, (digit) => script[Number(digit)]!);
          expect([around.replace("#", sum), needOf(around.replace("#", sum)).think]).toEqual([expect.anything(), true]);
        }
  });

  test.each([
    ["plus", "minus", "times", "divided by"],
    ["plus", "moins", "fois", "divisé par"],
    ["たす", "ひく", "かける", "わる"],
    ["足す", "引く", "掛ける", "割る"],
    ["cộng", "trừ", "nhân", "chia"],
    ["plus", "minus", "mal", "geteilt durch"],
    ["más", "menos", "por", "entre"],
    ["加", "减", "乘", "除以"],
  ])("in words: %s, %s, %s, %s", (...operators) => {
    for (const operator of operators)
      for (const sum of [`17 ${operator} 25`, `8 ${operator} 3 ?`])
        expect([sum, needOf(sum).think]).toEqual([sum, true]);
  });
});

describe("what a question is about", () => {
  test("a text to translate is not the question, in any layout", () => {
    const text = "The rent is 800 + 90 for heating.";
    for (const question of [`Translate: ${text}`, `Translate this.\n\n${text}`, `${text}\n\nTranslate it into French.`])
      expect([question, needOf(question).think]).toEqual([question, false]);
  });

  test.each([
    "I pay with a note of $20.\nThe book costs $12.50.\nHow much change do I get?",
    "Lan có 5 quả cam.\nMẹ cho thêm 3 quả.\nHỏi Lan có bao nhiêu quả?",
    "Is this correct?\n\n17+25=34",
    "Corrige : 17+25=34",
    "Calcule : 144/12",
    "Solve:\n3x + 7 = 31",
  ])("nothing is lost of %j", (question) => expect(needOf(question).think).toBe(true));

  test("dates, telephones, versions and names are no numbers to calculate with", () => {
    const numbers = (text: string) => numbersIn(plainText(text));
    expect(numbers("2024-05-17")).toBe(1);
    expect(numbers("17/05/2024")).toBe(1);
    expect(numbers("+44 20 7946 0958")).toBe(0);
    expect(numbers("06 12 34 56 78")).toBe(0);
    expect(numbers("1.22.3 and 192.168.0.1")).toBe(0);
    expect(numbers("GPT-4, COVID-19")).toBe(0);
    expect(numbers("1.250.500")).toBe(1);
    expect(numbers("1 250,50 and 3/4")).toBe(2);
  });

  test("a question goes on with a calculation over several steps, and no further", () => {
    const steps = ["What is 17+25?", "and for 26?", "and for 27?"];
    expect(signsOf("and for 28?", steps).followUp).toBe(1);
    expect(needOf("and for 28?", steps).think).toBe(true);
    expect(needOf("and for 28?", [...steps, "Tell me a joke."]).think).toBe(false);
    expect(needOf("and for 28?").think).toBe(false);
  });
});

describe("in a conversation", () => {
  let sent: GenerateOptions[];
  let card: { id: string; thoughts?: typeof thinkTags };
  let session: Session;
  let conversations: Conversations;

  beforeEach(() => {
    Object.defineProperty(navigator, "locks", {
      configurable: true,
      value: { request: (_: string, ...rest: unknown[]) => (rest.at(-1) as () => unknown)() },
    });
    sent = [];
    card = { id: "m", thoughts: thinkTags };
    const stats = { promptTokens: 1, thoughtTokens: 0, answerTokens: 1, prefillRate: 1, decodeRate: 1, seconds: 1 };
    const engines = {
      hasModel: true,
      stop() {},
      generate: async (options: GenerateOptions) => {
        sent.push(options);
        const more = { secondsToFirstToken: 1, thoughtSeconds: 0, contextUsed: 2, contextSize: 1024 };
        return { thought: "", answer: "42", stats: { ...stats, ...more }, finish: "stop" };
      },
    } as unknown as Engines;
    const sampling = { temperature: 0, topP: 1 };
    const models = {
      usable: [card],
      loader: {
        ...{ chosen: card, lost() {}, noteContextSize() {} },
        ready: async () => ({ card, loaded: { contextSize: 1024, sampling, adapter: "" } }),
      },
      installed: { digest: async () => "d" },
    } as unknown as Models;
    const records = new Records(`need-${crypto.randomUUID()}`);
    const audit = new AuditLog(records);
    conversations = new Conversations(records, audit);
    const settings = new Settings(records);
    session = new Session(conversations, models, new Runs(engines, models, settings), settings, audit);
  });
  const answers = () => conversations.branch.filter(({ role }) => role === "assistant");

  test("Auto looks at the questions before, and not at the answers", async () => {
    for (const question of ["Combien font 17 et 25 ?", "et fois 3 ?", "Merci !"]) await session.ask(question);
    expect(sent.map(({ thinking }) => thinking?.think)).toEqual([true, true, false]);
    expect(answers().map(({ run }) => run?.need?.think)).toEqual([true, true, false]);
    expect(answers()[1]!.run!.need!.because).toContain("followUp");
  });

  test("a model without a thought format is told nothing of thinking, and nothing of it is said", async () => {
    delete card.thoughts;
    await session.ask("17+25");
    expect(sent[0]!.thinking).toBeUndefined();
    expect(answers()[0]!.run!.need).toBeUndefined();
    expect(contentOf(answers()[0]!)).toBe("42");
  });
});
