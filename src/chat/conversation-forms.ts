// The readers of conversations and messages, which storage, import and backup all use: what is out of bounds is brought within them, what is
// not known is left out, and what has no id, role or text is refused. Not for: their form (records.ts).
import type { AnswerStats } from "../engine/protocol";
import { samplingNames, type WholeSampling } from "../engine/sampling";
import { errorCodes, remedies, type ErrorData } from "../platform/app-error";
import {
  finiteOf,
  readableOf,
  amountOf,
  countOf,
  fieldsOf,
  flagOf,
  jsonOf,
  listOf,
  nameOf,
  oneOf,
  present,
  textOf,
  timeOf,
  type Fields,
} from "../platform/values";
import { efforts } from "../reasoning/effort";
import { isSign, type Need } from "../reasoning/need";
import type { Vote } from "../reasoning/vote";
import type { Part, Source } from "../runs/parts";
import type { Provenance, RunFacts } from "../runs/run-facts";
import type { AnyRecord, Form, RecordKey, StepsTo } from "../storage/forms";
import { MOST_VOTES } from "../storage/settings.svelte";
import { MESSAGE_VERSION, conversationKey, messageKey, type Conversation, type Message } from "./conversation-records";

/** The most letters a title may have. */
export const LONGEST_TITLE = 1000;
const statuses = ["streaming", "complete", "stopped", "length", "failed", "interrupted", "repeated"] as const;
const numbersOfStats = [
  ...(["promptTokens", "thoughtTokens", "answerTokens", "prefillRate", "decodeRate", "secondsToFirstToken"] as const),
  ...(["seconds", "thoughtSeconds", "contextUsed", "contextSize"] as const),
] satisfies (keyof AnswerStats)[];

/** A conversation with an unreadable time of change gets that of its creation, or else now: it is not deleted for its age. */
function readConversation(value: unknown, key: RecordKey): Conversation | undefined {
  const from = fieldsOf(value);
  const id = nameOf(from?.["id"]);
  if (!from || id === undefined || conversationKey(id) !== key) return undefined;
  const votes = countOf(from["votes"]);
  const createdAt = timeOf(from["createdAt"]) ?? timeOf(from["updatedAt"]) ?? Date.now();
  return {
    version: 1,
    id,
    title: textOf(from["title"], LONGEST_TITLE) ?? "",
    createdAt,
    updatedAt: timeOf(from["updatedAt"]) ?? createdAt,
    leafId: nameOf(from["leafId"]) ?? null,
    ...present({
      deletedAt: timeOf(from["deletedAt"]),
      effort: oneOf(efforts, from["effort"]),
      votes: votes ? Math.min(votes, MOST_VOTES) : undefined,
    }),
  };
}

function readMessage(value: unknown, key: RecordKey): Message | undefined {
  const from = fieldsOf(value);
  const id = nameOf(from?.["id"]);
  const conversationId = nameOf(from?.["conversationId"]);
  const role = oneOf(["user", "assistant"] as const, from?.["role"]);
  const parts = listOf(from?.["parts"], readPart);
  if (!from || id === undefined || conversationId === undefined || !role || !parts) return undefined;
  if (messageKey({ id, conversationId }) !== key) return undefined;
  const parentId = nameOf(from["parentId"]);
  return {
    version: MESSAGE_VERSION,
    id,
    conversationId,
    parentId: parentId === undefined || parentId === id ? null : parentId,
    role,
    parts,
    createdAt: timeOf(from["createdAt"]) ?? 0,
    ...(role === "assistant" ? { run: readRun(fieldsOf(from["run"]) ?? {}) } : {}),
  };
}

/** In version 1 a message was one text, with one thought before it, and the facts of its run lay among its own. */
function messageFromVersion1(record: AnyRecord): AnyRecord {
  const { version: _, id, conversationId, parentId, role, createdAt, content, thought, ...run } = record;
  const parts = [
    ...(typeof thought === "string" && thought !== "" ? [{ kind: "thought", text: thought }] : []),
    ...(content === "" ? [] : [{ kind: "text", text: content }]),
  ];
  return { version: 2, id, conversationId, parentId, role, createdAt, parts, ...(role === "assistant" ? { run } : {}) };
}

function readPart(value: unknown): Part | undefined {
  const from = fieldsOf(value);
  const [kind, text, id] = [from?.["kind"], textOf(from?.["text"]), nameOf(from?.["id"])];
  // One that cannot be read takes no other with it.
  const sources = () => present({ sources: readableOf(from?.["sources"], readSource) });
  switch (kind) {
    case "text":
      return text === undefined ? undefined : { kind, text, ...sources() };
    case "thought":
      return text === undefined ? undefined : { kind, text };
    case "call": {
      const [tool, input] = [nameOf(from?.["tool"]), jsonOf(from?.["input"])];
      return id === undefined || tool === undefined || input === undefined ? undefined : { kind, id, tool, input };
    }
    case "result":
      if (id === undefined || text === undefined) return undefined;
      return { kind, id, text, ...sources(), ...present({ error: readError(from?.["error"]) }) };
    case "file": {
      const [blob, type, name] = [nameOf(from?.["blob"]), textOf(from?.["type"], 200), nameOf(from?.["name"])];
      return blob === undefined || type === undefined || name === undefined ? undefined : { kind, blob, type, name };
    }
  }
  return undefined;
}

function readSource(value: unknown): Source | undefined {
  const from = fieldsOf(value);
  const [document, title] = [nameOf(from?.["document"]), textOf(from?.["title"], LONGEST_TITLE)];
  if (document === undefined || title === undefined) return undefined;
  return {
    document,
    title,
    ...present({ place: textOf(from?.["place"], LONGEST_TITLE), quote: textOf(from?.["quote"]) }),
  };
}

/** A run without a known end has ended. */
function readRun(from: Fields): RunFacts {
  return {
    status: oneOf(statuses, from["status"]) ?? "complete",
    ...present({
      modelId: nameOf(from["modelId"]),
      stats: readStats(from["stats"]),
      provenance: readProvenance(from["provenance"]),
      error: readError(from["error"]),
      droppedTurns: countOf(from["droppedTurns"]),
      recovered: flagOf(from["recovered"]),
      effort: oneOf(efforts, from["effort"]),
      need: readNeed(from["need"]),
      cut: oneOf(["budget", "answer-now", "repetition"] as const, from["cut"]),
      vote: readVote(from["vote"]),
      seconds: amountOf(from["seconds"]),
      resumed: flagOf(from["resumed"]),
      comparison: nameOf(from["comparison"]),
    }),
  };
}

/** Missing figures count as 0. */
function readStats(value: unknown): AnswerStats | undefined {
  const from = fieldsOf(value);
  return from && (Object.fromEntries(numbersOfStats.map((n) => [n, amountOf(from[n]) ?? 0])) as unknown as AnswerStats);
}

function readProvenance(value: unknown): Provenance | undefined {
  const from = fieldsOf(value);
  const [digest, version] = [nameOf(from?.["digest"]), nameOf(from?.["version"])];
  if (digest === undefined || version === undefined) return undefined;
  const sampling = present(Object.fromEntries(samplingNames.map((name) => [name, finiteOf(from?.[name])])));
  // What is missing is not made up.
  if (samplingNames.some((name) => sampling[name] === undefined)) return undefined;
  return { digest, ...(sampling as WholeSampling), version };
}

function readError(value: unknown): ErrorData | undefined {
  const from = fieldsOf(value);
  return (
    from && {
      code: oneOf(errorCodes, from["code"]) ?? "unknown",
      detail: textOf(from["detail"]) ?? "",
      remedy: oneOf(remedies, from["remedy"]) ?? "retry",
      ...present({ bytes: amountOf(from["bytes"]) }),
    }
  );
}

function readNeed(value: unknown): Need | undefined {
  const from = fieldsOf(value);
  const think = flagOf(from?.["think"]);
  const because = from?.["because"];
  if (think === undefined) return undefined;
  return {
    think,
    probability: Math.min(1, amountOf(from?.["probability"]) ?? 0),
    because: Array.isArray(because) ? [...new Set(because.filter(isSign))] : [],
  };
}

function readVote(value: unknown): Vote | undefined {
  const from = fieldsOf(value);
  const finals = listOf(from?.["finals"], (final) => textOf(final));
  const [chosen, votes] = [countOf(from?.["chosen"]), countOf(from?.["votes"])];
  return finals && chosen !== undefined && votes !== undefined ? { finals, chosen, votes } : undefined;
}

export const conversationForm: Form<Conversation> = { kind: "conversation", read: readConversation };
export const messageForm: Form<Message> = {
  kind: "message",
  steps: [messageFromVersion1] satisfies StepsTo<typeof MESSAGE_VERSION>,
  read: readMessage,
};
