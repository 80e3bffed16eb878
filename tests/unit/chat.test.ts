import { flatOf, messageOf, type FlatMessage } from "../messages";
import { describe, expect, test } from "vitest";
import { contentOf, isResumable, statusOf, type Conversation, type Message } from "../../src/chat/conversation-records";
import { fileName, fromJson, toJson, toMarkdown } from "../../src/chat/conversation-transfer";
import { branchTo, childrenOf, firstRead, newestLeaf, shownBranch } from "../../src/chat/tree";

let time = 0;
const message = (id: string, parentId: string | null, more: Partial<FlatMessage> = {}): Message =>
  messageOf({ id, conversationId: "c", parentId, role: "user", content: id, createdAt: ++time, ...more });
const tree = (...messages: Message[]) => new Map(messages.map((m) => [m.id, m]));
const conversation: Conversation = { version: 1, id: "c", title: "T", createdAt: 1, updatedAt: 2, leafId: "a2" };

describe("the tree of messages", () => {
  const messages = tree(
    message("q1", null),
    message("a1", "q1", { role: "assistant" }),
    message("a2", "q1", { role: "assistant" }),
    message("q2", "a2"),
  );

  test("a branch goes from the first message to its leaf", () => {
    expect(branchTo(messages, "q2").map((m) => m.id)).toEqual(["q1", "a2", "q2"]);
    expect(branchTo(messages, null)).toEqual([]);
  });

  test("a branch whose leaf is gone is shown to the newest message", () => {
    expect(shownBranch(messages, "gone").map((m) => m.id)).toEqual(["q1", "a2", "q2"]);
    expect(shownBranch(messages, "a1").map((m) => m.id)).toEqual(["q1", "a1"]);
    expect(shownBranch(new Map(), "gone")).toEqual([]);
  });

  test("siblings are the answers to one question, oldest first", () => {
    expect(
      childrenOf(messages)
        .get("q1")!
        .map((m) => m.id),
    ).toEqual(["a1", "a2"]);
    expect(
      childrenOf(messages)
        .get(null)!
        .map((m) => m.id),
    ).toEqual(["q1"]);
  });

  test("the newest leaf takes the newest child at each fork", () => {
    expect(newestLeaf(childrenOf(messages), "q1")).toBe("q2");
    expect(newestLeaf(childrenOf(messages), "a1")).toBe("a1");
  });

  test("a damaged tree ends where a parent is missing, and a circle ends too", () => {
    expect(branchTo(tree(message("x", "gone")), "x").map((m) => m.id)).toEqual(["x"]);
    const circle = tree(message("x", "y"), message("y", "x"));
    expect(branchTo(circle, "x")).toHaveLength(2);
    expect(newestLeaf(childrenOf(circle), "x")).toBe("y");
  });

  test("the first message that was read is counted without messages that have no text", () => {
    const branch = [
      message("q1", null),
      message("e", "q1", { role: "assistant", content: "", status: "failed" }),
      message("q2", "e"),
      message("a", "q2", { role: "assistant", droppedTurns: 1 }),
    ];
    expect(firstRead(branch)).toBe("q2");
    expect(firstRead(branch.slice(0, 3))).toBeUndefined();
  });
});

describe("export and import", () => {
  const messages = [
    message("q", null),
    message("a1", "q", { role: "assistant" }),
    message("a2", "q", { role: "assistant" }),
  ];

  test("a conversation comes back whole, under fresh ids", () => {
    const [back] = fromJson(toJson([{ conversation, messages }]));
    expect(back!.conversation.title).toBe("T");
    expect(back!.conversation.id).not.toBe("c");
    expect(back!.messages.map(contentOf)).toEqual(["q", "a1", "a2"]);
    const [q, a1, a2] = back!.messages;
    expect([a1!.parentId, a2!.parentId]).toEqual([q!.id, q!.id]);
    expect(back!.conversation.leafId).toBe(a2!.id);
    expect(new Set(back!.messages.map((m) => m.conversationId))).toEqual(new Set([back!.conversation.id]));
  });

  test("an answer that was streaming when it was exported comes back as interrupted, to be resumed", () => {
    const streaming = [message("q", null, { role: "assistant", status: "streaming" })];
    const [back] = fromJson(toJson([{ conversation: { ...conversation, leafId: "q" }, messages: streaming }]));
    expect(statusOf(back!.messages[0]!)).toBe("interrupted");
    expect(isResumable(back!.messages[0]!)).toBe(true);
  });

  test("a file that an editor has put a mark of the byte order before is read", () => {
    expect(fromJson(`\uFEFF${toJson([{ conversation, messages }])}`)).toHaveLength(1);
  });

  const valid = JSON.parse(toJson([{ conversation, messages }])) as Record<string, unknown>;
  const broken = (change: (file: never) => void) => {
    const copy = structuredClone(valid);
    change(copy as never);
    return JSON.stringify(copy);
  };
  test.each([
    ["no JSON", "{", /not JSON/],
    ["null", "null", /format/],
    ["another format", '{"format":"x"}', /format/],
    ["a later version", broken((f: { version: number }) => (f.version = 3)), /version/],
    ["no list", broken((f: { conversations: unknown }) => (f.conversations = {})), /conversations is not a list/],
    [
      "a null among conversations",
      broken((f: { conversations: unknown[] }) => (f.conversations[0] = null)),
      /conversations\[0\]/,
    ],
    [
      "a null among messages",
      broken((f: { conversations: { messages: unknown[] }[] }) => (f.conversations[0]!.messages[0] = null)),
      /messages\[0\]/,
    ],
    [
      "a wrong role",
      broken((f: { conversations: { messages: Message[] }[] }) =>
        Object.assign(f.conversations[0]!.messages[1]!, { role: "system" }),
      ),
      /messages\[1\]\.role/,
    ],
    [
      "a wrong text",
      broken((f: { conversations: { messages: Message[] }[] }) =>
        Object.assign(f.conversations[0]!.messages[1]!, { parts: [{ kind: "text", text: 5 }] }),
      ),
      /messages\[1\]\.parts/,
    ],
    [
      "a wrong text in a file of version 1",
      broken((f: { version: number; conversations: { messages: object[] }[] }) => {
        f.version = 1;
        for (const m of f.conversations[0]!.messages) Object.assign(m, { content: "x" });
        Object.assign(f.conversations[0]!.messages[1]!, { content: 5 });
      }),
      /messages\[1\]\.content/,
    ],
    [
      "an unknown parent",
      broken((f: { conversations: { messages: Message[] }[] }) => (f.conversations[0]!.messages[1]!.parentId = "zz")),
      /parentId names no message/,
    ],
  ])("%s is refused with the place of the fault", (_name, text, detail) => {
    expect(() => fromJson(text)).toThrow(detail);
    expect(() => fromJson(text)).toThrow(/import-invalid/);
  });

  test("unknown fields of a message are not taken over", () => {
    const extra = broken((f: { conversations: { messages: Message[] }[] }) =>
      Object.assign(f.conversations[0]!.messages[1]!, { evil: 1, run: { stats: "x", evil: 2 } }),
    );
    expect(Object.keys(fromJson(extra)[0]!.messages[1]!)).not.toEqual(expect.arrayContaining(["evil"]));
    expect(fromJson(extra)[0]!.messages[1]!.run).toEqual({ status: "complete" });
  });

  test("Markdown names who said what", () => {
    const names = { user: "You", assistant: "Answer", thought: "Thought" };
    expect(toMarkdown("T", messages.slice(0, 2), names)).toBe("# T\n\n## You\n\nq\n\n## Answer\n\na1\n");
    const thinking = [message("a1", "q", { role: "assistant", thought: "one\n\n two" })];
    expect(toMarkdown("T", thinking, names)).toBe("# T\n\n## Thought\n\n> one\n>\n>  two\n\n## Answer\n\na1\n");
  });

  test("a thought and its effort come back with their message, apart from the answer", () => {
    const thinking = messages.map((m) => messageOf({ ...flatOf(m), thought: "hm", effort: "low" }));
    const [back] = fromJson(toJson([{ conversation, messages: thinking }]));
    expect(back!.messages[1]).toMatchObject({ parts: thinking[1]!.parts, run: { effort: "low" } });
  });

  test("a file's name has no character that a system forbids", () => {
    expect(fileName('a/b\\c: "d"\n<e>')).toBe("a b c d e");
    expect(fileName("???")).toBe("islet");
  });
});
