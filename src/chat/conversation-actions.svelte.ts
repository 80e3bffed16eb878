// What a person can do with a whole conversation, from its menu or from the command palette. Not for: how it is stored.
import { tick } from "svelte";
import { language, t } from "../i18n/i18n.svelte";
import { download } from "../platform/save-file";
import { formatNumber } from "../platform/format";
import { pickFiles } from "../platform/pick-files";
import { demand } from "../trust/current-policy";
import type { AuditLog } from "../trust/log/audit-log.svelte";
import type { Notices } from "../ui/notices.svelte";
import type { Conversations } from "./conversations.svelte";
import type { Conversation } from "./conversation-records";
import { fileName, toMarkdown } from "./conversation-transfer";
import { shownBranch } from "./tree";

/** The element id of a conversation's row in the list. */
export const rowId = (conversationId: string) => `row-${conversationId}`;

export class ConversationActions {
  /** The conversation that is being given another title. */
  renaming = $state.raw<Conversation | undefined>(undefined);

  constructor(
    private readonly conversations: Conversations,
    private readonly notices: Notices,
    private readonly audit: AuditLog,
    private readonly open: (id: string | null) => void,
    /** There is a vault: files are named without their title, which the browser's history of downloads would keep in the clear. */
    private readonly discreet: boolean,
  ) {}

  titleOf(conversation: Conversation): string {
    return conversation.title || t("chat.untitled");
  }

  /** Deletes it; for a while that can be undone. Resolves when it is no longer shown. */
  async remove(conversation: Conversation): Promise<void> {
    const { conversations, notices } = this;
    const wasOpen = conversations.openId === conversation.id;
    const removed = notices.guard(conversations.remove(conversation.id));
    if (wasOpen) this.open(null);
    const undo = {
      label: () => t("chat.undo"),
      run: () => {
        const undone = notices.guard(conversations.undoRemoval());
        if (wasOpen) this.open(conversation.id);
        void undone.then(tick).then(() => document.getElementById(rowId(conversation.id))?.focus());
      },
    };
    notices.tell(() => t("chat.deleted", { title: this.titleOf(conversation) }), undo, conversations.undoTime);
    await removed;
  }

  private fileOf(conversation: Conversation): string {
    if (this.discreet) return `islet-conversation-${new Date().toISOString().slice(0, 10)}`;
    return fileName(this.titleOf(conversation));
  }

  exportMarkdown(conversation: Conversation): void {
    demand("exportConversations");
    const names = { user: t("chat.you"), assistant: t("chat.model"), thought: t("thought.title") };
    const title = this.titleOf(conversation);
    const branch = shownBranch(this.conversations.messagesOf(conversation.id), conversation.leafId);
    download(`${this.fileOf(conversation)}.md`, "text/markdown", toMarkdown(title, branch, names));
    this.audit.note("conversations-exported", { conversations: 1, format: "markdown" });
  }

  exportJson(conversation: Conversation): void {
    demand("exportConversations");
    const name = `${this.fileOf(conversation)}.json`;
    download(name, "application/json", this.conversations.exportJson(conversation.id));
    this.audit.note("conversations-exported", { conversations: 1, format: "json" });
  }

  exportAll(): void {
    demand("exportConversations");
    download("islet.json", "application/json", this.conversations.exportJson());
    this.audit.note("conversations-exported", { conversations: this.conversations.listed.length, format: "json" });
  }

  /** Takes the conversations in a file, which it asks for unless it is given. */
  async importFile(given?: File): Promise<void> {
    demand("importConversations");
    const file = given ?? (await pickFiles({ accept: "application/json,.json" }))[0];
    if (!file) return;
    const { added, known } = await this.conversations.importJson(await file.text());
    const number = (n: number) => formatNumber(n, language(), 0);
    this.notices.tell(() =>
      [
        t("chat.imported", { count: number(added) }),
        ...(known > 0 ? [t("chat.importedKnown", { count: number(known) })] : []),
      ].join(" "),
    );
  }
}
