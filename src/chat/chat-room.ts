// What this room brings to the app: its commands, and its sections of the settings. The chat itself is what is shown where no other screen is.
import { labelled, t } from "../i18n/i18n.svelte";
import type { Settings } from "../storage/settings.svelte";
import { allowed } from "../trust/current-policy";
import type { Command, Room } from "../ui/room";
import { answerCommands, type Answering } from "./answer-commands";
import type { ConversationActions } from "./conversation-actions.svelte";

interface Parts extends Answering {
  actions: ConversationActions;
  settings: Settings;
}

export const chatRoom = (parts: Parts): Room => ({
  sections: [() => import("./views/AnswerSettings.svelte"), () => import("./views/ConversationSettings.svelte")],
  commands: () => [...around(parts), ...answerCommands(parts), ...ofConversation(parts), ...resets(parts)],
  many: () => {
    const { conversations, actions, shell } = parts;
    return conversations.listed.map((c) => ({
      id: `open-${c.id}`,
      label: t("palette.open", { title: actions.titleOf(c) }),
      run: () => shell.open(c.id),
    }));
  },
});

function around({ conversations, shell }: Parts): Command[] {
  const commands: Command[] = [
    { id: "new", label: t("chat.new"), keys: "alt+n", about: ["new"], run: () => shell.open(null) },
    {
      id: "search",
      label: t("chat.search"),
      keys: "alt+f",
      about: ["search"],
      run: () => shell.menu("search"),
    },
  ];
  if (shell.screen !== "chat") {
    const label = t("palette.open", { title: t("nav.chat") });
    commands.push({ id: "chat", label, run: () => shell.open(conversations.openId) });
  }
  return commands;
}

function ofConversation({ conversations, actions, shell }: Parts): Command[] {
  const mayExport = allowed("exportConversations");
  const commands: Command[] = [];
  const add = (id: string, label: string, run: () => unknown, about: Command["about"] = []) =>
    commands.push({ id, label, about, run: () => void run() });
  const { open } = conversations;
  if (open) {
    const of = (label: string) => labelled(label, actions.titleOf(open));
    add("rename", of(t("chat.rename")), () => (actions.renaming = open));
    if (mayExport) {
      add("export-json", of(t("chat.exportJson")), () => actions.exportJson(open), ["export"]);
      add("export-markdown", of(t("chat.exportMarkdown")), () => actions.exportMarkdown(open), ["export", "print"]);
    }
    add("delete", of(t("chat.delete")), () => actions.remove(open), ["delete"]);
  }
  if (allowed("importConversations"))
    add("import-conversations", t("chat.import"), () => shell.guard(actions.importFile()), ["import"]);
  if (mayExport && conversations.listed.length > 0)
    add("export-all", t("chat.exportAll"), () => actions.exportAll(), ["export"]);
  return commands;
}

/** Takes choices back to their defaults. */
function resets({ settings, shell }: Parts): Command[] {
  return (["temperature", "watts"] as const)
    .filter((name) => settings.current[name] !== undefined)
    .map((name) => ({
      id: name,
      label: labelled(t(`settings.${name}`), t(`settings.${name}Auto`)),
      run: () => shell.guard(settings.save({ [name]: undefined })),
    }));
}
