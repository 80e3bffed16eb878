// What a message is made of: text, thoughts, calls of tools with their results, and files. Pure. Not for: who wrote it, or what it took
// (run-facts.ts).
import type { ErrorData } from "../platform/app-error";
import type { Json } from "../platform/values";

/** Where something that a text says comes from. */
export interface Source {
  /** The document that it is in, by its id. */
  document: string;
  title: string;
  /** Where in the document: a page, a heading, a row. */
  place?: string;
  /** The words there. */
  quote?: string;
}

export type Part =
  | { kind: "text"; text: string; sources?: readonly Source[] }
  /** What a model thought before it answered. */
  | { kind: "thought"; text: string }
  | { kind: "call"; id: string; tool: string; input: Json }
  /** What came of the call with this id. */
  | { kind: "result"; id: string; text: string; sources?: readonly Source[]; error?: ErrorData }
  /** A file that was given with the message: which blob holds it, and its media type. */
  | { kind: "file"; blob: string; type: string; name: string };

function joined(kind: "text" | "thought", parts: readonly Part[]): string {
  let text = "";
  for (const part of parts) if (part.kind === kind && part.text !== "") text += (text && "\n\n") + part.text;
  return text;
}

/** All that a message says, without its thoughts; "" where it says nothing. */
export const textIn = (parts: readonly Part[]): string => joined("text", parts);

/** All that was thought for it; "" without a thought. */
export const thoughtIn = (parts: readonly Part[]): string => joined("thought", parts);

/** A thought, if there is one, and a text, if there is one. */
export const partsOf = (text: string, thought = ""): readonly Part[] => [
  ...(thought === "" ? [] : [{ kind: "thought", text: thought } as const]),
  ...(text === "" ? [] : [{ kind: "text", text } as const]),
];

/** The parts with more text at their end: in the last part, if that is of the same kind, else in a new one. */
export function grown(parts: readonly Part[], kind: "text" | "thought", text: string): readonly Part[] {
  const last = parts.at(-1);
  if (last?.kind === kind) return [...parts.slice(0, -1), { ...last, text: last.text + text }];
  return [...parts, { kind, text }];
}
