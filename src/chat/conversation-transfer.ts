// Conversations out of the app and into it: JSON, which keeps everything, and Markdown, which people read.
import { AppError } from "../platform/app-error";
import type { Fields } from "../platform/values";
import { shortened } from "../platform/shortened";
import { conversationForm, messageForm } from "./conversation-forms";
import { formed } from "../storage/forms";
import { closed } from "./markdown/ending";
import {
  contentOf,
  conversationKey,
  MESSAGE_VERSION,
  messageKey,
  thoughtOf,
  type Conversation,
  type Message,
} from "./conversation-records";
import { childrenOf } from "./tree";

/** The exported form; `format` and `version` say what it is. */
export interface Transfer {
  format: "islet-conversations";
  version: Message["version"];
  conversations: { conversation: Conversation; messages: Message[] }[];
}

const MOST_BYTES = 50_000_000;

export function toJson(conversations: Transfer["conversations"]): string {
  const transfer: Transfer = { format: "islet-conversations", version: MESSAGE_VERSION, conversations };
  return JSON.stringify(transfer, null, 1);
}

/**
 * Conversations with their messages, as they are handed out: a message whose parent is not there, since it could not be read, begins a branch
 * of its own, so that what is left can be read everywhere.
 */
export function treesOf(
  conversations: readonly Conversation[],
  messages: readonly Message[],
): Transfer["conversations"] {
  const byConversation = new Map<string, Message[]>(conversations.map(({ id }) => [id, []]));
  for (const m of messages) byConversation.get(m.conversationId)?.push(m);
  return conversations.map((conversation) => {
    const own = byConversation.get(conversation.id) ?? [];
    const ids = new Set(own.map(({ id }) => id));
    const there = (id: string | null) => (id !== null && ids.has(id) ? id : null);
    return {
      conversation: { ...conversation, leafId: there(conversation.leafId) },
      messages: own.map((m) => ({ ...m, parentId: there(m.parentId) })),
    };
  });
}

/**
 * One branch as Markdown: a heading, then each message under the name of its author; a thought stands apart, as a quotation. What a message
 * leaves open is closed, so that the next one is not lost in it.
 */
export function toMarkdown(
  title: string,
  branch: readonly Message[],
  names: { user: string; assistant: string; thought: string },
): string {
  const quoted = (text: string) =>
    text
      .trim()
      .replace(/^(?=.)/gm, "> ")
      .replace(/^$/gm, ">");
  const parts = branch.flatMap((m) => [
    ...(thoughtOf(m) ? [`## ${names.thought}\n\n${quoted(thoughtOf(m))}\n`] : []),
    `## ${names[m.role]}\n\n${closed(contentOf(m).trim())}\n`,
  ]);
  return [`# ${title.replaceAll("\n", " ")}\n`, ...parts].join("\n");
}

const bad = (detail: string): never => {
  throw new AppError("import-invalid", detail, "none");
};

function text(value: unknown, where: string): string {
  return typeof value === "string" ? value : bad(`${where} is not a text`);
}

function time(value: unknown, where: string): number {
  return typeof value === "number" && Number.isFinite(value)
    ? Math.min(value, Date.now())
    : bad(`${where} is not a time`);
}

/**
 * Reads an exported file, of this version or of an earlier one. Every conversation gets fresh ids, so nothing that exists is overwritten; no date
 * is in the future, and what was still being written is interrupted. Throws AppError "import-invalid" that names the first wrong field.
 */
export function fromJson(json: string): Transfer["conversations"] {
  if (json.length > MOST_BYTES) bad(`larger than ${MOST_BYTES} characters`);
  let value: unknown;
  try {
    // Editors put a mark of the byte order before it.
    value = JSON.parse(json.replace(/^\uFEFF/, ""));
  } catch (error) {
    bad(`not JSON: ${String(error)}`);
  }
  const file = value as { format?: unknown; version?: unknown; conversations?: unknown } | null;
  if (file?.format !== "islet-conversations") bad('format is not "islet-conversations"');
  const version = file!.version as number;
  if (!Number.isInteger(version) || version < 1) return bad("version is no version");
  if (version > MESSAGE_VERSION) return bad(`version is ${version}: it was exported by a newer Islet`);
  const list: unknown = file!.conversations;
  if (!Array.isArray(list)) return bad("conversations is not a list");
  return list.map((entry, i) => importedConversation(entry as Fields, version, `conversations[${i}]`));
}

function importedConversation(entry: Fields, version: number, where: string): Transfer["conversations"][number] {
  const from = (entry?.["conversation"] ?? bad(`${where}.conversation is missing`)) as Fields;
  const list: unknown = entry["messages"];
  if (!Array.isArray(list)) return bad(`${where}.messages is not a list`);
  const id = crypto.randomUUID();
  const ids = new Map<unknown, string>(list.map((m: Fields) => [m?.["id"], crypto.randomUUID()]));
  const idOf = (old: unknown, at: string) => (old === null ? null : (ids.get(old) ?? bad(`${at} names no message`)));
  const taken = new Set<unknown>();
  const messages = list.map((m: Fields, i): Message => {
    const at = `${where}.messages[${i}]`;
    if (m?.["role"] !== "user" && m?.["role"] !== "assistant")
      return bad(`${at}.role is neither "user" nor "assistant"`);
    if (taken.has(m["id"])) bad(`${at}.id is that of another message`);
    taken.add(m["id"]);
    if (version === 1) text(m["content"], `${at}.content`);
    const message = {
      ...{ ...m, version, id: ids.get(m["id"])!, conversationId: id },
      parentId: idOf(m["parentId"], `${at}.parentId`),
      createdAt: time(m["createdAt"], `${at}.createdAt`),
    };
    const read = formed(messageForm, messageKey(message), message) ?? bad(`${at}.parts are not those of a message`);
    return read.run?.status === "streaming" ? { ...read, run: { ...read.run, status: "interrupted" } } : read;
  });
  const conversation = {
    ...from,
    id,
    title: text(from["title"], `${where}.title`),
    createdAt: time(from["createdAt"], `${where}.createdAt`),
    updatedAt: time(from["updatedAt"], `${where}.updatedAt`),
    leafId: idOf(from["leafId"], `${where}.leafId`),
    deletedAt: undefined,
  };
  const read = conversationForm.read(conversation, conversationKey(id)) ?? bad(`${where} is not a conversation`);
  return { conversation: read, messages };
}

type Tree = Transfer["conversations"][number];

/** Takes things by a key, each once. */
class Pool<T> {
  private readonly left = new Map<string, T[]>();

  constructor(things: Iterable<T>, markOf: (thing: T) => string) {
    // Backwards, so that the first one is taken first.
    for (const thing of [...things].reverse()) {
      const mark = markOf(thing);
      const same = this.left.get(mark);
      if (same) same.push(thing);
      else this.left.set(mark, [thing]);
    }
  }

  take(mark: string): T | undefined {
    return this.left.get(mark)?.pop();
  }
}

const rootsOf = ({ messages }: Tree) => messages.filter(({ parentId }) => parentId === null);
/** What stays the same of a conversation in a file, whatever is added later: when it began, and with what. */
const beginningOf = (tree: Tree): string => {
  const [first] = rootsOf(tree).sort((a, b) => a.createdAt - b.createdAt);
  return JSON.stringify([tree.conversation.createdAt, first ? contentOf(first) : tree.conversation.title]);
};
const markOf = ({ role, createdAt, parts }: Message, parentId: string | null) =>
  JSON.stringify([parentId, role, createdAt, parts]);

/** The messages of a tree, each after the one that it answers. */
function* inOrder({ messages }: Tree): Generator<Message> {
  const children = childrenOf(new Map(messages.map((m) => [m.id, m])));
  const next = [...(children.get(null) ?? [])].reverse();
  for (let m; (m = next.pop());) {
    yield m;
    next.push(...[...(children.get(m.id) ?? [])].reverse());
  }
}

/**
 * The part of an imported file that is not here yet. A conversation that began at the same time with the same message as one here is the same one,
 * and gets its id: only messages that are new are returned, and the newer of the two decides which branch is shown.
 */
export function newOf(found: readonly Tree[], here: readonly Tree[]): Tree[] {
  const known = new Pool(here, beginningOf);
  return found.flatMap((tree) => {
    const same = known.take(beginningOf(tree));
    if (!same) return [tree];
    const { conversation } = same;
    const left = new Pool(same.messages, (m) => markOf(m, m.parentId));
    const ids = new Map<string | null, string | null>([[null, null]]);
    const messages: Message[] = [];
    for (const m of inOrder(tree)) {
      const parentId = ids.get(m.parentId) ?? null;
      const there = left.take(markOf(m, parentId));
      ids.set(m.id, there?.id ?? m.id);
      if (!there) messages.push({ ...m, parentId, conversationId: conversation.id });
    }
    if (messages.length === 0) return [];
    const { updatedAt, leafId } = tree.conversation;
    const newer =
      updatedAt > conversation.updatedAt ? { updatedAt, leafId: ids.get(leafId) ?? conversation.leafId } : {};
    return [{ conversation: { ...conversation, ...newer }, messages }];
  });
}

/** A name for a file, without the characters that some system forbids. */
export function fileName(title: string): string {
  return shortened(title.replace(/[\\/:*?"<>|\s\p{Cc}]+/gu, " ").trim(), 60).trimEnd() || "islet";
}
