// The tree of a conversation's messages: the branch that is shown, and the siblings beside it. Pure functions.
import { contentOf, type Message } from "./conversation-records";

/** The messages under each parent, oldest first; under null those that begin a conversation. */
export type Children = ReadonlyMap<string | null, readonly Message[]>;

export function childrenOf(messages: ReadonlyMap<string, Message>): Children {
  const children = new Map<string | null, Message[]>();
  for (const message of messages.values()) {
    const siblings = children.get(message.parentId);
    if (siblings) siblings.push(message);
    else children.set(message.parentId, [message]);
  }
  for (const siblings of children.values()) siblings.sort((a, b) => a.createdAt - b.createdAt);
  return children;
}

/** The branch to show: to `leafId`, or where that message is gone, to the newest one there is. */
export function shownBranch(messages: ReadonlyMap<string, Message>, leafId: string | null): Message[] {
  if (leafId !== null && messages.has(leafId)) return branchTo(messages, leafId);
  let newest: Message | undefined;
  for (const message of messages.values()) if (!newest || message.createdAt >= newest.createdAt) newest = message;
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
    branch.push(message);
    id = message.parentId;
  }
  return branch.reverse();
}

/** The end of the branch that continues from `id`, taking the newest child at each fork. */
export function newestLeaf(children: Children, id: string): string {
  const seen = new Set<string>();
  let leaf = id;
  for (let next: string | undefined = id; next !== undefined && !seen.has(next); next = children.get(next)?.at(-1)?.id)
    seen.add((leaf = next));
  return leaf;
}

/** The turns of a branch that a model is given: messages without a text say nothing to it. */
export function turnsOf(branch: readonly Message[]): Message[] {
  return branch.filter((m) => contentOf(m) !== "");
}

/** The id of the first message that the newest answer of a branch took into account; undefined when that was all of them. */
export function firstRead(branch: readonly Message[]): string | undefined {
  const at = branch.findLastIndex((m) => m.run?.droppedTurns !== undefined);
  const dropped = branch[at]?.run?.droppedTurns;
  return dropped ? turnsOf(branch.slice(0, at))[dropped]?.id : undefined;
}
