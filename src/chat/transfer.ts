// Conversations out of the app and into it: JSON, which keeps everything, and Markdown, which people read.
import { AppError } from "../platform/app-error";
import { isEffort } from "../reasoning/effort";
import type { Conversation, Message, MessageStatus } from "./records";

/** The exported form; `format` and `version` say what it is. */
export interface Transfer {
  format: "islet-conversations";
  version: 1;
  conversations: { conversation: Conversation; messages: Message[] }[];
}

const statuses: readonly MessageStatus[] = ["complete", "stopped", "length", "failed", "interrupted"];
const MOST_BYTES = 50_000_000;

export function toJson(conversations: Transfer["conversations"]): string {
  return JSON.stringify({ format: "islet-conversations", version: 1, conversations } satisfies Transfer, null, 1);
}

/** One branch as Markdown: a heading, then each message under the name of its author; a thought stands apart, as a quotation. */
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
    ...(m.thought ? [`## ${names.thought}\n\n${quoted(m.thought)}\n`] : []),
    `## ${names[m.role]}\n\n${m.content.trim()}\n`,
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
  return typeof value === "number" && Number.isFinite(value) ? value : bad(`${where} is not a time`);
}

/**
 * Reads an exported file. Every conversation gets fresh ids, so nothing that exists is overwritten. Only the known
 * fields are taken. Throws AppError "import-invalid" that names the first wrong field.
 */
export function fromJson(json: string): Transfer["conversations"] {
  if (json.length > MOST_BYTES) bad(`larger than ${MOST_BYTES} characters`);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    bad(`not JSON: ${String(error)}`);
  }
  const file = value as Partial<Transfer> | null;
  if (file?.format !== "islet-conversations") bad('format is not "islet-conversations"');
  if (file!.version !== 1) bad("version is not 1: it was exported by a newer Islet");
  const list: unknown = file!.conversations;
  if (!Array.isArray(list)) return bad("conversations is not a list");
  return list.map((entry, i) => readConversation(entry as Record<string, unknown>, `conversations[${i}]`));
}

function readConversation(entry: Record<string, unknown>, where: string): Transfer["conversations"][number] {
  const from = (entry?.["conversation"] ?? bad(`${where}.conversation is missing`)) as Record<string, unknown>;
  const list: unknown = entry["messages"];
  if (!Array.isArray(list)) return bad(`${where}.messages is not a list`);
  const id = crypto.randomUUID();
  const ids = new Map<unknown, string>(list.map((m: Record<string, unknown>) => [m?.["id"], crypto.randomUUID()]));
  const idOf = (old: unknown, at: string) => (old === null ? null : (ids.get(old) ?? bad(`${at} names no message`)));
  const messages = list.map((m: Record<string, unknown>, i): Message => {
    const at = `${where}.messages[${i}]`;
    const role = m?.["role"];
    if (role !== "user" && role !== "assistant") return bad(`${at}.role is neither "user" nor "assistant"`);
    const status = statuses.find((s) => s === m["status"]) ?? "complete";
    const modelId = m["modelId"];
    const thought = m["thought"];
    const effort = m["effort"];
    return {
      version: 1,
      id: ids.get(m["id"])!,
      conversationId: id,
      parentId: idOf(m["parentId"], `${at}.parentId`),
      role,
      content: text(m["content"], `${at}.content`),
      createdAt: time(m["createdAt"], `${at}.createdAt`),
      status,
      ...(typeof modelId === "string" ? { modelId } : {}),
      ...(typeof thought === "string" ? { thought } : {}),
      ...(isEffort(effort) ? { effort } : {}),
    };
  });
  const conversation: Conversation = {
    version: 1,
    id,
    title: text(from["title"], `${where}.title`),
    createdAt: time(from["createdAt"], `${where}.createdAt`),
    updatedAt: time(from["updatedAt"], `${where}.updatedAt`),
    leafId: idOf(from["leafId"], `${where}.leafId`),
  };
  return { conversation, messages };
}

/** A name for a file, without the characters that some system forbids. */
export function fileName(title: string): string {
  return (
    title
      .replace(/[\\/:*?"<>|\s\p{Cc}]+/gu, " ")
      .trim()
      .slice(0, 60) || "islet"
  );
}
