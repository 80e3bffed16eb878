// The tree of a conversation's messages: the branch that is shown, and the siblings beside it. Pure functions.
import type { Message } from "./records";

/** The branch to show: to `leafId`, or where that message is gone, to the newest one there is. */
export function shownBranch(messages: ReadonlyMap<string, Message>, leafId: string | null): Message[] {
  if (leafId !== null && messages.has(leafId)) return branchTo(messages, leafId);
  const newest = [...messages.values()].sort((a, b) => a.createdAt - b.createdAt).at(-1);
  return branchTo(messages, newest?.id ?? null);
}

/** From the first message to the one with id `leafId`; empty without one. A damaged tree ends where a parent is missing. */
export function branchTo(messages: ReadonlyMap<string, Message>, leafId: string | null): Message[] {
  const branch: Message[] = [];
  const seen = new Set<string>();
  for (let id = leafId; id !== null && !seen.has(id);) {
    const message = messages.get(id);
    if (!message) break;
    seen.add(id);
    branch.unshift(message);
    id = message.parentId;
  }
  return branch;
}

/** The messages that answer the same parent as `message`, oldest first; itself among them. */
export function siblingsOf(messages: ReadonlyMap<string, Message>, message: Message): Message[] {
  return childrenOf(messages, message.parentId);
}

function childrenOf(messages: ReadonlyMap<string, Message>, parentId: string | null): Message[] {
  return [...messages.values()].filter((m) => m.parentId === parentId).sort((a, b) => a.createdAt - b.createdAt);
}

/** The end of the branch that goes on from `id`, taking the newest child at each fork. */
export function newestLeaf(messages: ReadonlyMap<string, Message>, id: string): string {
  const seen = new Set<string>();
  let leaf = id;
  // What was seen before is the end, or a damaged tree that is a circle.
  while (!seen.has(leaf)) {
    seen.add(leaf);
    leaf = childrenOf(messages, leaf).at(-1)?.id ?? leaf;
  }
  return leaf;
}

/** The turns of a branch that a model is given: messages without a text say nothing to it. */
export function turnsOf(branch: readonly Message[]): Message[] {
  return branch.filter((m) => m.content !== "");
}

/** The id of the first message that the newest answer of a branch took into account; undefined when that was all of them. */
export function firstRead(branch: readonly Message[]): string | undefined {
  const at = branch.findLastIndex((m) => m.droppedTurns !== undefined);
  const dropped = branch[at]?.droppedTurns;
  return dropped ? turnsOf(branch.slice(0, at))[dropped]?.id : undefined;
}
