// The state of every room, made once, and how it begins. Not for: what is shown of it (App.svelte).
import { provideChat } from "../chat/chat-context";
import { ConversationActions } from "../chat/conversation-actions.svelte";
import { Conversations } from "../chat/conversations.svelte";
import { Session } from "../chat/session.svelte";
import { Engines } from "../engine/client/engines";
import { StoreClient } from "../engine/client/store-client";
import { AnswerComparison } from "../evaluation/answer-comparison";
import { t } from "../i18n/i18n.svelte";
import { unmatchedNames } from "../models/catalogue/admit";
import { ModelActions } from "../models/model-actions.svelte";
import { provideModelActions, provideModels } from "../models/models-context";
import { Models } from "../models/models.svelte";
import { AppError } from "../platform/app-error";
import { Install } from "../pwa/install.svelte";
import { Updates } from "../pwa/updates.svelte";
import { Runs } from "../runs/runs.svelte";
import { Blobs, provideBlobs } from "../storage/blobs/blobs";
import { takeLeft } from "../storage/legacy";
import { Records } from "../storage/records";
import { provideSettings, Settings } from "../storage/settings.svelte";
import { allowed, policy } from "../trust/current-policy";
import { provideUnreadable, Unreadable } from "../trust/damage/unreadable.svelte";
import { AuditLog } from "../trust/log/audit-log.svelte";
import { NetworkLedger } from "../trust/log/network-ledger.svelte";
import { policyWatch } from "../trust/policy-watch.svelte";
import { featureRemarks } from "../trust/rules/feature-rules";
import { provideTrust } from "../trust/trust-context";
import { lockMinutes, type OpenVault } from "../trust/vault/open-vault.svelte";
import { Asked, provideAsked } from "../ui/asked.svelte";
import { Notices, provideNotices } from "../ui/notices.svelte";
import type { Room, Screen, Shell } from "../ui/room";
import { provideApp } from "./app-context";
import { Commands } from "./commands.svelte";
import { Navigation } from "./navigation.svelte";
import { strictForms } from "./record-forms";
import { Retention } from "./retention.svelte";
import { roomsOf } from "./rooms";

/** Milliseconds for which a notice of records that cannot be read stays. */
const DAMAGE_NOTICE = 20_000;

/** What the shell does when something is asked of it. */
interface Surface {
  /** What lies over the screen is put away. */
  leave(): void;
  /** A new conversation is shown, to be written in. */
  write(): void;
  /** The menu, where it is not shown anyway. */
  showMenu(): void;
  showAll(): void;
}

export class AppState {
  readonly records: Records;
  readonly blobs: Blobs;
  readonly settings: Settings;
  readonly audit: AuditLog;
  readonly ledger: NetworkLedger;
  readonly models: Models;
  readonly conversations: Conversations;
  readonly runs: Runs;
  readonly session: Session;
  readonly retention: Retention;
  readonly actions: ConversationActions;
  readonly modelActions: ModelActions;
  readonly commands: Commands;
  readonly screens: readonly Screen[];
  readonly unreadable: Unreadable;
  readonly navigation = new Navigation(() => this.screens.map(({ name }) => name));
  readonly notices = new Notices();
  readonly install = new Install();
  readonly updates = new Updates();
  readonly asked = new Asked();
  readonly shell: Shell;
  /** In the order in which their screens, commands and sections of the settings stand. */
  readonly rooms: readonly Room[];
  /** What is stored was read. */
  begun = $state(false);
  private readonly store = new StoreClient();
  private readonly settingsRead: Promise<void>;

  /** `vault`: a page has one for as long as it lives. */
  constructor(
    readonly vault: OpenVault | undefined,
    surface: Surface,
  ) {
    const { navigation, notices, install, updates, store } = this;
    const records = (this.records = new Records(undefined, vault?.cipher));
    this.blobs = new Blobs(records, vault?.cipher);
    const settings = (this.settings = new Settings(records));
    const audit = (this.audit = new AuditLog(records));
    const engines = new Engines();
    const ledger = (this.ledger = new NetworkLedger(records));
    const models = (this.models = new Models(engines, store, records, settings, audit));
    const conversations = (this.conversations = new Conversations(records, audit));
    const runs = (this.runs = new Runs(engines, models, settings));
    const session = (this.session = new Session(conversations, models, runs, settings, audit));
    this.retention = new Retention({ conversations, audit, ledger, settings, records });
    const show = (id: string | null) => navigation.openConversation(id);
    const actions = (this.actions = new ConversationActions(conversations, notices, audit, show, vault !== undefined));
    const comparison = new AnswerComparison(runs, models, notices);
    const modelActions = (this.modelActions = new ModelActions(models, store, notices, comparison));
    const shell = (this.shell = shellOf(this, surface));
    this.rooms = roomsOf({
      ...{ conversations, session, actions, models, modelActions, settings, audit, ledger, vault },
      ...{ install, updates, shell, showAll: () => surface.showAll() },
    });
    this.screens = this.rooms.flatMap((room) => room.screens ?? []);
    // Language and appearance are what a person looks for first among the settings, and seldom among commands.
    const [appearance, ...others] = this.rooms;
    this.commands = new Commands([...others, appearance!], settings, shell);
    this.unreadable = new Unreadable(records, strictForms, allowed("exportConversations"));
    records.onDamaged = (n) => this.tellDamaged(n);
    session.onBegun = show;
    // What belongs to a conversation goes with it.
    if (isSecureContext) conversations.onDeleted = () => shell.guard(this.blobs.sweep());
    // Read before anything is drawn: what takes longest, the engine of the last model, can then begin at once.
    this.settingsRead = settings.load().then(() => models.prepare());
  }

  /** Hands all of it to the components below the one that is being made. */
  provide(): void {
    const { notices, unreadable, models, modelActions, conversations, session, actions, settings, blobs } = this;
    provideNotices(notices);
    provideUnreadable(unreadable);
    provideModels(models);
    provideModelActions(modelActions);
    provideChat({ conversations, session, actions });
    provideSettings(settings);
    provideBlobs(blobs);
    provideTrust(this);
    provideAsked(this.asked);
    provideApp(this);
  }

  /** Once the page is drawn. */
  begin(): void {
    const { audit, ledger, conversations, notices, records, retention, updates, vault } = this;
    this.navigation.begin();
    this.install.begin();
    updates.begin();
    policyWatch.onNetworkChanged = () => this.store.end(new AppError("policy-changed", "policy.json: network", "none"));
    policyWatch.begin(() => this.shell.guard(retention.lookAgain()));
    audit.onFailed = (error) => this.shell.guard(Promise.reject(error as Error));
    // A page that came over plain HTTP can neither hash nor run a model.
    if (isSecureContext)
      this.shell.guard(audit.start(__APP_VERSION__, policy).finally(() => vault && this.opened(vault)));
    ledger.onFailed = conversations.drafts.onFailed = audit.onFailed;
    conversations.drafts.begin();
    // For the administrator, who looks there first; people find it under Trust.
    const unmatched = unmatchedNames().map((name) => `policy.json: ${name}: this matches no model of the catalogue.`);
    // eslint-disable-next-line no-console
    for (const remark of [...featureRemarks(policy), ...unmatched]) console.warn(remark);
    if (isSecureContext) ledger.begin();
    updates.onLooked = (...look) => ledger.lookedForVersion(...look);
    const read = notices
      .guard(isSecureContext ? takeLeft(records) : Promise.resolve())
      .then(() => conversations.load());
    void notices.guard(Promise.all([this.settingsRead, read])).then(() => {
      this.begun = true;
      if (isSecureContext) {
        retention.begin(audit.onFailed);
        this.shell.guard(this.blobs.begin());
      }
      return notices.guard(this.models.begin());
    });
  }

  /** Told again only when more is found, and not where it is listed already. */
  private tellDamaged(n: number): void {
    if (this.shell.screen === "storage") return this.shell.guard(this.unreadable.look());
    const look = { label: () => t("damage.look"), run: () => this.shell.go("storage") };
    this.notices.tell(() => t("damage.found", { n }), look, DAMAGE_NOTICE);
  }

  /** Says in the audit log that the vault was opened, and looks after its being locked. */
  private opened(vault: OpenVault): void {
    const { audit, conversations, settings } = this;
    const { opening, failures } = vault;
    if (opening === "new") audit.note("vault-changed", { change: "created" });
    else audit.note("unlocked", { by: opening, failures });
    vault.onLock = async (by) => {
      await conversations.drafts.flush();
      await audit.append("locked", { by });
    };
    vault.onChange = (change) => audit.note("vault-changed", { change });
    vault.lockWhenIdle(() => lockMinutes(settings.current.lockMinutes));
  }
}

function shellOf({ navigation, notices, asked }: AppState, surface: Surface): Shell {
  const go = (screen: string) => {
    surface.leave();
    navigation.go(screen);
  };
  return {
    get screen() {
      return navigation.screen;
    },
    go,
    press(screen, control) {
      asked.press(control);
      go(screen);
    },
    menu(control) {
      surface.showMenu();
      asked.press(control);
    },
    open(id) {
      surface.leave();
      navigation.openConversation(id);
      if (id === null) surface.write();
    },
    guard: (action) => void notices.guard(action),
  };
}
