// What can be done with the answer that is written, or was written last, as commands.
import { labelled, t } from "../i18n/i18n.svelte";
import type { Models } from "../models/models.svelte";
import { copyText } from "../platform/clipboard";
import { efforts } from "../reasoning/effort";
import type { Command, Shell } from "../ui/room";
import { contentOf, thoughtOf, type Message } from "./conversation-records";
import type { Conversations } from "./conversations.svelte";
import type { Session } from "./session.svelte";

export interface Answering {
  conversations: Conversations;
  session: Session;
  models: Models;
  shell: Shell;
}

/** None where the chat is not shown. */
export function answerCommands(rooms: Answering): Command[] {
  const { conversations, session, shell } = rooms;
  if (shell.screen !== "chat") return [];
  if (session.busy) return whileBusy(session);
  const last = conversations.branch.at(-1);
  const question = conversations.branch.findLast((m) => m.role === "user");
  return [
    ...thinking(rooms),
    ...(last?.role === "assistant" ? [...(session.canAsk ? goingOn(rooms, last) : []), ...seen(rooms, last)] : []),
    ...(question && session.canAsk
      ? [{ id: "edit", label: t("palette.edit"), keys: "alt+e", run: () => (session.editingId = question.id) }]
      : []),
  ];
}

function whileBusy(session: Session): Command[] {
  const stop: Command = { id: "stop", label: t("chat.stop"), keys: "escape", run: () => session.stop() };
  if (session.live.thinkingSince === undefined) return [stop];
  const label = t("thought.answerNow");
  return [stop, { id: "answer-now", label, keys: "alt+a", about: ["quick"], run: () => session.answerNow() }];
}

/** How much to think, and comparing. */
function thinking({ session, models, shell }: Answering): Command[] {
  if (!session.canAsk) return [];
  const commands = (models.loader.chosen?.thoughts ? efforts : []).map((effort): Command => ({
    id: `effort-${effort}`,
    label: labelled(t("effort.title"), t(`effort.${effort}`)),
    about: effort === "off" ? ["quick", "think"] : ["think"],
    run: () => shell.guard(session.manner.chooseEffort(effort)),
  }));
  if (session.canCompare)
    commands.push({
      id: "compare",
      label: t("compare.title"),
      about: ["think"],
      run: () => (session.comparing = true),
    });
  return commands;
}

/** What adds a command to a list that does something which can fail. */
const addingTo =
  (commands: Command[], shell: Shell) =>
  (id: string, label: string, run: () => Promise<unknown>, more: Partial<Command> = {}) =>
    commands.push({ id, label, run: () => shell.guard(run()), ...more });

/** What a model does again, or continues. */
function goingOn({ conversations, session, shell }: Answering, answer: Message): Command[] {
  const commands: Command[] = [];
  const add = addingTo(commands, shell);
  const other = session.otherEffort(answer);
  if (answer.run?.need)
    add("override", t(other === "off" ? "need.answerDirect" : "need.think"), () => session.regenerate(answer, other), {
      about: ["quick", "think"],
    });
  if (session.resumable(answer)) add("resume-answer", t("chat.resume"), () => session.resume(answer));
  const mark = answer.run?.comparison;
  const compared = mark ? conversations.siblings(answer).filter((m) => m.run?.comparison === mark) : [];
  for (const [i, m] of compared.entries())
    add(`keep-${m.id}`, labelled(t("compare.keep"), String(i + 1)), () => session.keep(m));
  add("again", t("chat.regenerate"), () => session.regenerate(answer), { keys: "alt+r", about: ["again"] });
  return commands;
}

/** What can be done with an answer without a model. */
function seen({ conversations, shell }: Answering, answer: Message): Command[] {
  const commands: Command[] = [];
  const add = addingTo(commands, shell);
  const thought = thoughtOf(answer);
  if (thought) add("copy-thought", t("thought.copy"), () => copyText(thought), { about: ["copy"] });
  add("copy", t("palette.copy"), () => copyText(contentOf(answer)), { keys: "alt+c", about: ["copy"] });
  const siblings = conversations.siblings(answer);
  const place = siblings.findIndex((m) => m.id === answer.id);
  const [previous, next] = [siblings[place - 1], siblings[place + 1]];
  if (previous) add("previous", t("chat.previousBranch"), () => conversations.showSibling(previous));
  if (next) add("next", t("chat.nextBranch"), () => conversations.showSibling(next));
  return commands;
}
