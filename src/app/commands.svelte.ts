// Every action of the app as a command: for the palette and for the keyboard. A command is listed only while it can be done. Not for:
// what the actions do, which their rooms say.
import type { ConversationActions } from "../chat/conversation-actions.svelte";
import type { Conversations } from "../chat/conversations.svelte";
import { contentOf, thoughtOf, type Message } from "../chat/conversation-records";
import type { Session } from "../chat/session.svelte";
import { labelled, t } from "../i18n/i18n.svelte";
import { languageNames, type Language } from "../i18n/languages";
import type { ModelActions } from "../models/model-actions.svelte";
import type { Models } from "../models/models.svelte";
import type { Install } from "../pwa/install.svelte";
import type { Updates } from "../pwa/updates.svelte";
import { copyText } from "../platform/clipboard";
import { efforts } from "../reasoning/effort";
import { themes, type Settings } from "../storage/settings.svelte";
import type { AuditLog } from "../trust/log/audit-log.svelte";
import { openErasing } from "../trust/erase";
import { allowed, allowsUnknown, policy } from "../trust/current-policy";
import { openVaultScreen, type OpenVault } from "../trust/vault/open-vault.svelte";
import type { Notices } from "../ui/notices.svelte";
import type { Navigation, OtherScreen } from "./navigation.svelte";

export interface Command {
  id: string;
  label: string;
  /** Its shortcut, as app/keys.ts writes it. */
  keys?: string;
  run(): void;
}

interface Rooms {
  conversations: Conversations;
  session: Session;
  actions: ConversationActions;
  models: Models;
  modelActions: ModelActions;
  settings: Settings;
  install: Install;
  updates: Updates;
  notices: Notices;
  navigation: Navigation;
  audit: AuditLog;
  vault: OpenVault | undefined;
  open(id: string | null): void;
  go(screen: OtherScreen): void;
  /** Shows every command. */
  showAll(): void;
}

export class Commands {
  /** Whether keys run commands. */
  readonly shortcuts: boolean = $derived.by(() => this.rooms.settings.current.shortcuts ?? true);
  readonly list: readonly Command[] = $derived.by(() => {
    if (this.shortcuts) return this.all();
    return this.all().map(({ keys, ...command }) => (keys === "escape" ? { ...command, keys } : command));
  });

  constructor(private readonly rooms: Rooms) {}

  private all(): Command[] {
    return [
      ...this.places(),
      ...this.answering(),
      ...this.conversation(),
      ...this.modelsToUse(),
      ...this.modelFiles(),
      ...this.app(),
      ...this.modelsToBring(),
      ...this.conversationsToOpen(),
    ];
  }

  private guard(action: Promise<unknown>): void {
    void this.rooms.notices.guard(action);
  }

  private places(): Command[] {
    const { conversations, navigation, open, go } = this.rooms;
    const screens = [
      ["models", "alt+m"],
      ["storage", "alt+s"],
      ["trust", "alt+t"],
      ["settings", "alt+p"],
    ] as const;
    return [
      { id: "new", label: t("chat.new"), keys: "alt+n", run: () => open(null) },
      ...screens.map(([screen, keys]) => ({ id: screen, label: t(`nav.${screen}`), keys, run: () => go(screen) })),
      { id: "free-space", label: t("room.title"), run: () => go("storage") },
      { id: "check-audit", label: t("audit.check"), run: () => go("trust") },
      { id: "export-audit", label: t("audit.export"), run: () => this.guard(this.rooms.audit.save()) },
      { id: "export-network", label: t("network.export"), run: () => go("trust") },
      { id: "probe", label: t("probe.run"), run: () => go("trust") },
      { id: "report", label: t("report.open"), run: () => go("report") },
      { id: "check-build", label: t("run.check"), run: () => go("trust") },
      { id: "erase", label: t("erase.open"), run: openErasing },
      { id: "statistics", label: t("settings.statistics"), run: () => go("settings") },
      ...(allowsUnknown() ? [{ id: "add-address", label: t("own.address"), run: () => go("models") }] : []),
      ...(navigation.screen === "chat"
        ? []
        : [{ id: "chat", label: t("nav.chat"), run: () => open(conversations.openId) }]),
      {
        id: "search",
        label: t("chat.search"),
        keys: "alt+f",
        run: () => document.querySelector<HTMLElement>("nav input[type=search]")?.focus(),
      },
    ];
  }

  private conversationsToOpen(): Command[] {
    const { conversations, actions, open } = this.rooms;
    return conversations.listed.map((c) => ({
      id: `open-${c.id}`,
      label: t("palette.open", { title: actions.titleOf(c) }),
      run: () => open(c.id),
    }));
  }

  private answering(): Command[] {
    const { conversations, session, navigation } = this.rooms;
    if (navigation.screen !== "chat") return [];
    if (session.busy)
      return [
        { id: "stop", label: t("chat.stop"), keys: "escape", run: () => session.stop() },
        ...(session.live.thinkingSince === undefined
          ? []
          : [{ id: "answer-now", label: t("thought.answerNow"), keys: "alt+a", run: () => session.answerNow() }]),
      ];
    const last = conversations.branch.at(-1);
    const answer = last?.role === "assistant" ? last : undefined;
    const question = conversations.branch.findLast((m) => m.role === "user");
    const { canAsk } = session;
    const commands: Command[] = this.thinking();
    if (answer && canAsk) {
      const need = answer.run?.need;
      const other = session.otherEffort(answer);
      if (need)
        commands.push({
          id: "override",
          label: t(other === "off" ? "need.answerDirect" : "need.think"),
          run: () => this.guard(session.regenerate(answer, other)),
        });
      if (session.resumable(answer))
        commands.push({ id: "resume-answer", label: t("chat.resume"), run: () => this.guard(session.resume(answer)) });
      if (answer.run?.comparison) commands.push(...this.compared(answer));
    }
    if (answer && thoughtOf(answer)) {
      const thought = thoughtOf(answer);
      commands.push({ id: "copy-thought", label: t("thought.copy"), run: () => this.guard(copyText(thought)) });
    }
    if (answer) {
      const content = contentOf(answer);
      commands.push({ id: "copy", label: t("palette.copy"), keys: "alt+c", run: () => this.guard(copyText(content)) });
      if (canAsk)
        commands.push({
          id: "again",
          label: t("chat.regenerate"),
          keys: "alt+r",
          run: () => this.guard(session.regenerate(answer)),
        });
      const siblings = conversations.siblings(answer);
      const place = siblings.findIndex((m) => m.id === answer.id);
      const show = (id: string, label: string, sibling = siblings[place + (id === "next" ? 1 : -1)]) =>
        sibling && commands.push({ id, label, run: () => this.guard(conversations.showSibling(sibling)) });
      show("previous", t("chat.previousBranch"));
      show("next", t("chat.nextBranch"));
    }
    if (question && canAsk)
      commands.push({
        id: "edit",
        label: t("palette.edit"),
        keys: "alt+e",
        run: () => (session.editingId = question.id),
      });
    return commands;
  }

  /** How much to think, and comparing. */
  private thinking(): Command[] {
    const { session, models } = this.rooms;
    if (!session.canAsk) return [];
    return [
      ...(models.loader.chosen?.thoughts ? efforts : []).map((effort) => ({
        id: `effort-${effort}`,
        label: labelled(t("effort.title"), t(`effort.${effort}`)),
        run: () => this.guard(session.manner.chooseEffort(effort)),
      })),
      ...(session.canCompare
        ? [{ id: "compare", label: t("compare.title"), run: () => (session.comparing = true) }]
        : []),
    ];
  }

  private compared(answer: Message): Command[] {
    const { conversations, session } = this.rooms;
    const answers = conversations.siblings(answer).filter((m) => m.run?.comparison === answer.run?.comparison);
    return answers.map((m, i) => ({
      id: `keep-${m.id}`,
      label: labelled(t("compare.keep"), String(i + 1)),
      run: () => this.guard(session.keep(m)),
    }));
  }

  private conversation(): Command[] {
    const { conversations, actions } = this.rooms;
    const all = [
      ...(allowed("importConversations")
        ? [{ id: "import-conversations", label: t("chat.import"), run: () => this.guard(actions.importFile()) }]
        : []),
      ...(allowed("exportConversations") && conversations.listed.length > 0
        ? [{ id: "export-all", label: t("chat.exportAll"), run: () => actions.exportAll() }]
        : []),
    ];
    const { open } = conversations;
    if (!open) return all;
    const of = (label: string) => labelled(label, actions.titleOf(open));
    return [
      { id: "rename", label: of(t("chat.rename")), run: () => (actions.renaming = open) },
      ...(allowed("exportConversations")
        ? [
            { id: "export-json", label: of(t("chat.exportJson")), run: () => actions.exportJson(open) },
            { id: "export-markdown", label: of(t("chat.exportMarkdown")), run: () => actions.exportMarkdown(open) },
          ]
        : []),
      { id: "delete", label: of(t("chat.delete")), run: () => void actions.remove(open) },
      ...all,
    ];
  }

  private modelsToUse(): Command[] {
    const { models } = this.rooms;
    const commands: Command[] = [];
    for (const card of models.usable)
      if (models.device.canRun(card) && card.id !== models.loader.chosen?.id)
        commands.push({
          id: `start-${card.id}`,
          label: labelled(t("models.start"), card.name),
          run: () => void models.loader.load(card),
        });
    if (models.loader.state.phase === "loading")
      commands.push({
        id: "cancel-load",
        label: t("palette.cancelLoad", { name: models.loader.state.card.name }),
        run: () => models.loader.cancel(),
      });
    if (models.loader.state.phase === "ready")
      commands.push({
        id: "unload",
        label: labelled(t("models.unload"), models.loader.state.card.name),
        run: () => this.guard(models.loader.unload()),
      });
    for (const { card, status } of models.downloads.all.values()) {
      const add = (id: string, label: string, run: () => Promise<unknown>) =>
        commands.push({ id: `${id}-${card.id}`, label: labelled(label, card.name), run: () => this.guard(run()) });
      const going = status === "queued" || status === "running";
      if (!going && models.mayUse(card)) add("resume", t("models.resume"), () => models.resume(card.id));
      if (going) add("pause", t("models.pause"), () => models.downloads.pause(card.id));
      add("cancel", t("models.cancel"), () => models.downloads.cancel(card.id));
    }
    return commands;
  }

  /** Last, since there are many. */
  private modelsToBring(): Command[] {
    const { models } = this.rooms;
    return models.offered
      .map((model) => models.buildOf(model))
      .filter((card) => !models.isInstalled(card) && !models.downloads.all.has(card.id))
      .filter((card) => models.device.canRun(card) && models.fit(card).verdict !== "no")
      .flatMap((card) => [
        ...(card.task === "embedding"
          ? []
          : [
              {
                id: `bring-${card.id}`,
                label: labelled(t("models.download"), card.name),
                run: () => void models.loader.load(card),
              },
            ]),
        {
          id: `later-${card.id}`,
          label: labelled(t("models.downloadOnly"), card.name),
          run: () => this.guard(models.download(card)),
        },
      ]);
  }

  private modelFiles(): Command[] {
    const { models, modelActions } = this.rooms;
    if (modelActions.running) return [];
    const commands: Command[] = allowed("importModels")
      ? [
          { id: "import-folder", label: t("own.folder"), run: () => this.guard(modelActions.pick(true)) },
          { id: "import-file", label: t("own.file"), run: () => this.guard(modelActions.pick(false)) },
        ]
      : [];
    for (const { id } of models.installed.models.values()) {
      const card = models.installed.card(id);
      if (!card) continue;
      const add = (name: string, label: string, run: () => Promise<unknown>) =>
        commands.push({ id: `${name}-${id}`, label: labelled(label, card.name), run: () => this.guard(run()) });
      if (models.mayUse(card)) add("check", t("storage.check"), () => modelActions.check(card));
      if (modelActions.canCompare(card)) add("compare", t("storage.compare"), () => modelActions.compare(card));
      if (allowed("exportModels")) add("export-zip", t("storage.exportZip"), () => modelActions.export(card, false));
      if (allowed("exportModels") && modelActions.canExportFolder)
        add("export-folder", t("storage.exportFolder"), () => modelActions.export(card, true));
      add("remove", t("models.remove"), () => models.remove(card));
    }
    return commands;
  }

  private app(): Command[] {
    const { install, updates, models } = this.rooms;
    return [
      { id: "help", label: t("palette.help"), run: () => this.rooms.showAll() },
      ...this.records(),
      ...this.settings(),
      ...(models.device.storage && !models.device.storage.persisted
        ? [{ id: "persist", label: t("storage.ask"), run: () => this.guard(models.device.askToKeep()) }]
        : []),
      ...(install.offered ? [{ id: "install", label: t("install.action"), run: () => void install.prompt() }] : []),
      ...(updates.available
        ? [{ id: "update", label: t("update.action"), run: () => this.guard(updates.accept()) }]
        : []),
    ];
  }

  /** The vault, backups, and what is deleted by hand. */
  private records(): Command[] {
    const { vault, go } = this.rooms;
    const inSettings = (id: string, label: string) => ({ id, label, run: () => go("settings") });
    return [
      ...(vault
        ? [
            { id: "lock", label: t("vault.lock"), keys: "alt+l", run: () => void vault.lock("hand") },
            inSettings("change-passphrase", `${t("vault.change")}…`),
            inSettings("add-passkey", `${t("vault.addPasskey")}…`),
            ...(vault.passkeys > 0
              ? [inSettings("remove-passkeys", t("vault.removePasskeys", { n: vault.passkeys }))]
              : []),
            ...(allowed("exportConversations") ? [inSettings("backup", t("vault.makeBackup"))] : []),
            ...(policy.vault.required ? [] : [{ id: "decrypt", label: `${t("vault.remove")}…`, run: openVaultScreen }]),
          ]
        : [{ id: "encrypt", label: `${t("vault.set")}…`, run: openVaultScreen }]),
      ...(allowed("importConversations") ? [inSettings("restore", `${t("vault.restore")}…`)] : []),
      ...(["conversations", "audit", "network"] as const).map((kind) =>
        inSettings(`delete-${kind}`, `${t(`keep.delete.${kind}`)}…`),
      ),
    ];
  }

  /** Choices that are made at once. */
  private settings(): Command[] {
    const { settings } = this.rooms;
    const current = settings.current.language;
    const languages: [Language | undefined, string][] = [
      [undefined, t("palette.languageAuto")],
      ...(Object.entries(languageNames) as [Language, string][]),
    ];
    return [
      ...languages
        .filter(([code]) => code !== current)
        .map(([code, name]) => ({
          id: `language-${code ?? "auto"}`,
          label: labelled(t("settings.language"), name),
          run: () => this.guard(settings.save({ language: code })),
        })),
      ...[undefined, ...themes]
        .filter((theme) => theme !== settings.current.theme)
        .map((theme) => ({
          id: `theme-${theme ?? "auto"}`,
          label: labelled(t("settings.theme"), t(`settings.theme.${theme ?? "auto"}`)),
          run: () => this.guard(settings.save({ theme })),
        })),
      ...(settings.current.temperature === undefined
        ? []
        : [
            {
              id: "temperature",
              label: labelled(t("settings.temperature"), t("settings.temperatureAuto")),
              run: () => this.guard(settings.save({ temperature: undefined })),
            },
          ]),
      ...(settings.current.watts === undefined
        ? []
        : [
            {
              id: "watts",
              label: labelled(t("settings.watts"), t("settings.wattsAuto")),
              run: () => this.guard(settings.save({ watts: undefined })),
            },
          ]),
    ];
  }
}
