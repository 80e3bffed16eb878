import { describe, expect, test } from "vitest";
import type { ChatTurn } from "../../src/engine/protocol";
import { classify } from "../../src/engine/webllm/webllm-failure";
import { renderPrompt, turnsToDrop } from "../../src/engine/webllm/prompt";
import { endAnswers } from "../../src/engine/webllm/patches/follow-up";
import starter from "../../public/models/smollm2-135m-instruct/resolve/main/mlc-chat-config.json";

type Template = Parameters<typeof renderPrompt>[0];
const template = starter.conv_template as unknown as Template;
const bare = { ...template, system_message: "" };
const user = (content: string): ChatTurn => ({ role: "user", content });
const assistant = (content: string): ChatTurn => ({ role: "assistant", content });

describe("the prompt", () => {
  test("is the model's chat template, ready for the next answer", () => {
    expect(renderPrompt(bare, [user("Hi"), assistant("Hello"), user("Bye")])).toBe(
      "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n",
    );
    expect(renderPrompt(template, [user("Hi")])).toMatch(
      /^<\|im_start\|>system\nYou are a helpful AI assistant named SmolLM/,
    );
  });

  test("takes what people write as it is", () => {
    expect(renderPrompt(bare, [user("costs $& and $$ and {system_message}")])).toContain(
      "costs $& and $$ and {system_message}",
    );
  });

  // Every text counts as its length in words, so the sums below can be done in the head.
  const words = (text: string) => text.split(/\s+/).filter(Boolean).length;
  const turns = [
    user("a ".repeat(50)),
    assistant("b ".repeat(50)),
    user("c ".repeat(50)),
    assistant("d ".repeat(50)),
    user("e ".repeat(20)),
  ];

  test("that fits leaves nothing out", () => {
    expect(turnsToDrop(bare, turns, 1000, 250, words)).toBe(0);
  });

  test("that does not fit leaves out whole exchanges, the oldest first", () => {
    expect(turnsToDrop(bare, turns, 300, 100, words)).toBe(2);
    expect(turnsToDrop(bare, turns, 200, 100, words)).toBe(4);
  });

  test("always keeps the last question, which may take the room that is meant for the answer", () => {
    expect(turnsToDrop(bare, [user("a ".repeat(90))], 120, 100, words)).toBe(0);
  });

  test("whose last question cannot fit at all is told apart", () => {
    expect(turnsToDrop(bare, [user("a ".repeat(200))], 120, 30, words)).toBeUndefined();
  });
});

describe("what is thrown becomes an error with a remedy", () => {
  test.each([
    ["WebGPUNotAvailableError: WebGPU is not supported in your current environment", "gpu-missing", "none"],
    ["Error: Unable to find a compatible GPU.", "adapter-refused", "retry"],
    ["DeviceLostError: The WebGPU device was lost while loading the model.", "device-lost", "retry"],
    ["RangeError: Array buffer allocation failed", "out-of-memory", "choose-model"],
    ["QuotaExceededError: Encountered full disk while opening backing store", "storage-full", "free-space"],
    ["ContextWindowSizeExceededError: Prompt tokens exceed context window size", "prompt-too-long", "none"],
    ["Error: anything else", "unknown", "retry"],
  ])("%s", (text, code, remedy) => {
    const [name, ...message] = text.split(": ");
    const error = Object.assign(new Error(message.join(": ")), { name });
    expect(classify(error)).toMatchObject({ code, remedy, detail: text });
  });
});

describe("a follow-up question", () => {
  class Conversation {
    config = { seps: ["<end of question>", "<end of answer>"] };
    constructor(readonly messages: unknown[]) {}
    getPromptArrayLastRound(...settings: unknown[]) {
      return ["question", ...settings];
    }
    getArtifactPromptSegmentsLastRound() {
      return ["question"];
    }
  }
  endAnswers(new Conversation([]));
  endAnswers(new Conversation([]));

  test("is read after what ends the answer before it, once", () => {
    const conversation = new Conversation(["first", "answer", "second", undefined]);
    expect(conversation.getPromptArrayLastRound("as before")).toEqual(["<end of answer>", "question", "as before"]);
    expect(conversation.getArtifactPromptSegmentsLastRound()).toEqual(["<end of answer>", "question"]);
  });
  test("is read alone where the template ends an answer with nothing", () => {
    const conversation = new Conversation(["first", "answer", "second", undefined]);
    conversation.config = { seps: ["<end of question>", ""] };
    expect(conversation.getPromptArrayLastRound()).toEqual(["question"]);
  });
});
