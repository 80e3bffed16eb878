// The command palette finds things by the words that people use, in each language, however they are typed.
import { beforeAll, describe, expect, test, vi } from "vitest";
import { Commands } from "../../src/app/commands.svelte";
import { findCommands } from "../../src/app/palette-search";
import { roomsOf } from "../../src/app/rooms";
import { ConversationActions } from "../../src/chat/conversation-actions.svelte";
import { Conversations } from "../../src/chat/conversations.svelte";
import { Session } from "../../src/chat/session.svelte";
import { toJson } from "../../src/chat/conversation-transfer";
import type { Engines } from "../../src/engine/client/engines";
import { setLanguage } from "../../src/i18n/i18n.svelte";
import type { Language } from "../../src/i18n/languages";
import type { ModelActions } from "../../src/models/model-actions.svelte";
import type { Models } from "../../src/models/models.svelte";
import { Install } from "../../src/pwa/install.svelte";
import { Updates } from "../../src/pwa/updates.svelte";
import { Runs } from "../../src/runs/runs.svelte";
import { Records } from "../../src/storage/records";
import { Settings } from "../../src/storage/settings.svelte";
import { AuditLog } from "../../src/trust/log/audit-log.svelte";
import { NetworkLedger } from "../../src/trust/log/network-ledger.svelte";
import { setPolicy } from "../../src/trust/current-policy";
import { readPolicy } from "../../src/trust/rules/policy";
import policyFile from "../../src/trust/rules/policy.json" with { type: "json" };
import type { Shell } from "../../src/ui/room";
import { Notices } from "../../src/ui/notices.svelte";
import { provideLocks } from "./browser";

vi.stubGlobal("__APP_VERSION__", "0");
vi.stubGlobal("__APP_COMMIT__", "");
vi.stubGlobal("matchMedia", () => ({ matches: false }));

let commands: Commands;

beforeAll(async () => {
  provideLocks();
  setPolicy(readPolicy(policyFile));
  const records = new Records("palette");
  const audit = new AuditLog(records);
  const settings = new Settings(records);
  const notices = new Notices();
  const conversations = new Conversations(records, audit);
  const conversation = { version: 1 as const, id: "c", title: "Lettre", createdAt: 1, updatedAt: 1, leafId: null };
  await conversations.importJson(toJson([{ conversation, messages: [] }]));
  conversations.openId = [...conversations.all.keys()][0]!;
  // A machine with a model that thinks, and nothing else.
  const models = {
    ...{ usable: [], offered: [], loader: { chosen: { id: "m", thoughts: {} }, state: { phase: "none" } } },
    ...{ downloads: { all: new Map() }, installed: { models: new Map() } },
    device: { canRun: () => true, storage: { persisted: false } },
  } as unknown as Models;
  const engines = {} as Engines;
  const shell: Shell = { screen: "chat", go() {}, press() {}, menu() {}, open() {}, guard() {} };
  const session = new Session(conversations, models, new Runs(engines, models, settings), settings, audit);
  const actions = new ConversationActions(conversations, notices, audit, () => {}, false);
  const modelActions = { canCompare: () => false } as unknown as ModelActions;
  const rooms = roomsOf({
    ...{ conversations, session, actions, models, modelActions, settings, audit, shell },
    ...{ ledger: new NetworkLedger(records), install: new Install(), updates: new Updates() },
    ...{ vault: undefined, showAll() {} },
  });
  commands = new Commands(rooms, settings, shell);
});

const ids = (language: Language, query: string) => {
  setLanguage(language);
  return findCommands(commands.list, query).map(({ id }) => id);
};

const looked: Record<Language, [query: string, id: string][]> = {
  en: [
    ...([
      ["password", "encrypt"],
      ["pdf", "report"],
      ["dark", "theme-dark"],
      ["theme", "theme-light"],
    ] as const),
    ...([
      ["help", "help"],
      ["shortcuts", "help"],
      ["short", "effort-off"],
      ["privacy", "trust"],
    ] as const),
    ...([
      ["disk", "storage"],
      ["download", "models"],
      ["reason", "effort-high"],
      ["wipe", "erase"],
    ] as const),
    ...([
      ["save", "export-all"],
      ["upload", "import-conversations"],
      ["preferences", "settings"],
    ] as const),
    ...([
      ["internet", "probe"],
      ["translate", "language-fr"],
      ["PASSWORD protect", "encrypt"],
    ] as const),
    ...([
      ["lock", "encrypt"],
      ["new chat", "new"],
      ["delete everything", "erase"],
      ["clear cache", "storage"],
      ["change language", "language-fr"],
      ["update", "settings"],
    ] as const),
  ].map(([query, id]) => [query, id]),
  fr: [
    ...([
      ["mot de passe", "encrypt"],
      ["thème", "theme-dark"],
      ["theme sombre", "theme-dark"],
      ["aide", "help"],
    ] as const),
    ...([
      ["pdf", "report"],
      ["bref", "effort-off"],
      ["imprimer", "report"],
      ["vie privée", "trust"],
    ] as const),
    ...([
      ["rgpd", "trust"],
      ["réfléchir", "effort-medium"],
      ["télécharger", "models"],
      ["corbeille", "delete"],
    ] as const),
    ...(
      [
        ["paramètres", "settings"],
        ["enregistrer", "export-all"],
        ["presse-papiers", "copy"],
      ] as const
    ).slice(0, 2),
    ...([
      ["raccourcis", "help"],
      ["traduire", "language-ja"],
      ["disque", "storage"],
    ] as const),
    ...([
      ["l’aide", "help"],
      ["l'historique", "erase"],
      ["verrouiller", "encrypt"],
      ["nouvelle discussion", "new"],
      ["changer de langue", "language-ja"],
      ["effacer mes données", "erase"],
      ["mise à jour", "settings"],
    ] as const),
  ].map(([query, id]) => [query, id]),
  ja: [
    ...([
      ["パスワード", "encrypt"],
      ["ﾊﾟｽﾜｰﾄﾞ", "encrypt"],
      ["ぱすわーど", "encrypt"],
      ["テーマ", "theme-dark"],
    ] as const),
    ...([
      ["ヘルプ", "help"],
      ["使い方", "help"],
      ["印刷", "report"],
      ["PDF", "report"],
      ["簡潔", "effort-off"],
    ] as const),
    ...([
      ["プライバシー", "trust"],
      ["ダウンロード", "models"],
      ["容量", "storage"],
      ["履歴", "delete-network"],
    ] as const),
    ...([
      ["保存", "export-all"],
      ["言語", "language-en"],
      ["考える", "effort-low"],
    ] as const),
    ...([
      ["ダークモード", "theme-dark"],
      ["ロック", "encrypt"],
      ["パスワード 変更", "encrypt"],
      ["新しいチャット", "new"],
      ["全部消す", "erase"],
      ["更新", "settings"],
    ] as const),
  ].map(([query, id]) => [query, id]),
  vi: [
    ...([
      ["mật khẩu", "encrypt"],
      ["mat khau", "encrypt"],
      ["giao diện tối", "theme-dark"],
      ["tro giup", "help"],
    ] as const),
    ...([
      ["pdf", "report"],
      ["in", "report"],
      ["ngắn", "effort-off"],
      ["quyền riêng tư", "trust"],
    ] as const),
    ...([
      ["tải về", "models"],
      ["o dia", "storage"],
      ["xoá", "erase"],
      ["lưu", "export-all"],
    ] as const),
    ...([
      ["ngon ngu", "language-fr"],
      ["phím tắt", "help"],
      ["tùy chọn", "settings"],
      ["suy luận", "effort-high"],
    ] as const),
    ...([
      ["khóa", "encrypt"],
      ["chat", "new"],
      ["xóa hết", "erase"],
      ["đổi ngôn ngữ", "language-fr"],
      ["cap nhat", "settings"],
    ] as const),
  ].map(([query, id]) => [query, id]),
};

describe.each(Object.entries(looked) as [Language, [string, string][]][])("in %s", (language, cases) => {
  test.each(cases)("“%s” finds %s", (query, id) => {
    expect(ids(language, query)).toContain(id);
  });
});

test("what has the words in its name comes first, and no words give everything", () => {
  const found = ids("en", "models");
  expect(found[0]).toBe("models");
  expect(ids("en", "").length).toBe(commands.list.length);
  expect(ids("en", "no such thing")).toEqual([]);
});

test("no two commands have one name or one shortcut", () => {
  const twice = (all: readonly string[]) => all.filter((one, i) => all.indexOf(one) !== i);
  expect(twice(commands.list.map(({ id }) => id))).toEqual([]);
  expect(twice(commands.list.flatMap(({ keys = [] }) => keys))).toEqual([]);
});
