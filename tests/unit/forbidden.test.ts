// What a policy forbids is refused by the action itself, whichever way leads to it: every switch of a policy against every action and every
// command, also one that was on offer before, a download of an earlier visit, another tab, and records from before.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { backupOf, restore } from "../../src/app/backup";
import { Commands } from "../../src/app/commands.svelte";
import { Retention } from "../../src/app/retention.svelte";
import { roomsOf } from "../../src/app/rooms";
import { ConversationActions } from "../../src/chat/conversation-actions.svelte";
import { Conversations } from "../../src/chat/conversations.svelte";
import { AnswerComparison } from "../../src/evaluation/answer-comparison";
import { Session } from "../../src/chat/session.svelte";
import { toJson } from "../../src/chat/conversation-transfer";
import type { Engines } from "../../src/engine/client/engines";
import type { DownloadOrder, StoredModel } from "../../src/engine/protocol";
import { knownCard } from "../../src/models/catalogue/catalogue";
import { ModelActions } from "../../src/models/model-actions.svelte";
import { Models } from "../../src/models/models.svelte";
import { addModel, exportModel } from "../../src/models/add-models";
import { Install } from "../../src/pwa/install.svelte";
import { Updates } from "../../src/pwa/updates.svelte";
import { Runs } from "../../src/runs/runs.svelte";
import type { StoredRecord } from "../../src/storage/forms";
import { Records } from "../../src/storage/records";
import { Settings } from "../../src/storage/settings.svelte";
import { AuditLog } from "../../src/trust/log/audit-log.svelte";
import { demandVaultRemoval, keptDays, setPolicy } from "../../src/trust/current-policy";
import { NetworkLedger } from "../../src/trust/log/network-ledger.svelte";
import type { Feature } from "../../src/trust/rules/features";
import { readPolicy, type Policy } from "../../src/trust/rules/policy";
import policyFile from "../../src/trust/rules/policy.json" with { type: "json" };
import { lockMinutes } from "../../src/trust/vault/open-vault.svelte";
import type { Shell } from "../../src/ui/room";
import { Notices } from "../../src/ui/notices.svelte";
import { closeChannels, countChannels, givenFolder, provideLocks, storeOnThisThread } from "./browser";

provideLocks();
countChannels();
const plain = readPolicy(policyFile);
const without = (feature: Feature): Policy => ({ ...plain, features: { ...plain.features, [feature]: false } });
const withModels = (models: Partial<Policy["models"]>): Policy => ({
  ...plain,
  models: { ...plain.models, ...models },
});

/** Every switch of a policy that forbids an action. */
const switches = {
  importConversations: without("importConversations"),
  exportConversations: without("exportConversations"),
  importModels: without("importModels"),
  exportModels: without("exportModels"),
  addModels: without("addModels"),
  ids: withModels({ ids: ["nothing-*"] }),
  licences: withModels({ licences: ["No such licence"] }),
  publishers: withModels({ publishers: ["Nobody"] }),
  vault: { ...plain, vault: { required: true, lockMinutes: 5 } },
} satisfies Record<string, Policy>;
type Switch = keyof typeof switches;
const lists: readonly Switch[] = ["ids", "licences", "publishers"];

const tiny = knownCard("islet-tiny")!;
const tinyFolder = "public/models/islet-tiny/resolve/main";
const signal = new AbortController().signal;
const tell = () => {};
const library = "https://huggingface.co/owner/a/resolve/main/l.wasm";
const address = { kind: "address", base: "https://huggingface.co/owner/own/resolve/main/", library };
const conversation = { version: 1 as const, id: "c", title: "t", createdAt: 1, updatedAt: Date.now(), leafId: null };
const backup = JSON.stringify({ records: [["conversation:c", conversation]] });
let n = 0;

beforeEach(() => {
  setPolicy(plain);
  Object.assign(globalThis, {
    isSecureContext: true,
    matchMedia: () => ({ matches: false }),
    showDirectoryPicker: async () => Promise.reject(new DOMException("closed", "AbortError")),
  });
  Object.assign(URL, { createObjectURL: () => "blob:x", revokeObjectURL() {} });
  // Nothing in these tests follows a link, and a dialog for files is closed at once.
  HTMLElement.prototype.click = function (this: HTMLElement & { oncancel?: (() => void) | null }) {
    this.oncancel?.();
  };
  Object.defineProperty(navigator, "storage", {
    configurable: true,
    value: {
      estimate: async () => ({ usage: 0, quota: 1e12 }),
      persisted: async () => true,
      persist: async () => true,
    },
  });
});
afterEach(() => {
  closeChannels();
  setPolicy(plain);
});

/** The rooms of an app with a conversation, the small test model, and a model of the person's own that the list has. */
async function rooms() {
  const name = `forbidden-${++n}`;
  const records = new Records(name);
  const orders: string[] = [];
  const download = async ({ id }: DownloadOrder): Promise<StoredModel> => {
    orders.push(id);
    return { files: tiny.pins!, compared: true };
  };
  const store = storeOnThisThread(download);
  const loaded: string[] = [];
  const engines = {
    prepare() {},
    support: async () => new Map([["mlc", {}]]),
    cancel() {},
    loadedIds: [],
    unload: async () => {},
    load: async ({ id }: { id: string }) => {
      loaded.push(id);
      return { contextSize: 1, sampling: { temperature: 0, topP: 1 }, adapter: "" };
    },
  } as unknown as Engines;
  const audit = new AuditLog(records);
  const settings = new Settings(records);
  const notices = new Notices();
  const models = new Models(engines, store, records, settings, audit);
  await models.begin();
  const conversations = new Conversations(records, audit);
  const runs = new Runs(engines, models, settings);
  const session = new Session(conversations, models, runs, settings, audit);
  const actions = new ConversationActions(conversations, notices, audit, () => {}, false);
  const modelActions = new ModelActions(models, store, notices, new AnswerComparison(runs, models, notices));
  await conversations.importJson(toJson([{ conversation, messages: [] }]));
  conversations.openId = [...conversations.all.keys()][0]!;
  await models.installed.add(tiny, { files: { ...tiny.pins! }, hashes: "build", source: "islet-tiny" });
  await addModel(models, "owner/own", library);
  const shell: Shell = {
    screen: "chat",
    go() {},
    press() {},
    menu() {},
    open() {},
    guard: (action) => void notices.guard(action),
  };
  const rooms = roomsOf({
    ...{ conversations, session, actions, models, modelActions, settings, audit, shell },
    ...{ ledger: new NetworkLedger(records), install: new Install(), updates: new Updates() },
    ...{ vault: undefined, showAll() {} },
  });
  const commands = new Commands(rooms, settings, shell);
  return {
    ...{ name, records, orders, loaded, store, models, conversations, actions, modelActions, commands, notices },
    ...{ audit, settings },
  };
}
type Rooms = Awaited<ReturnType<typeof rooms>>;

/** What a load shows in its state, thrown. */
async function load(models: Models, id: string): Promise<void> {
  await models.loader.load(models.installed.card(id)!);
  if (models.loader.state.phase === "failed") throw Object.assign(new Error(), models.loader.state.error);
}
async function download(models: Models, id: string): Promise<void> {
  await models.download(models.installed.card(id)!);
  const { error } = models.downloads.all.get(id) ?? {};
  if (error) throw Object.assign(new Error(), error);
}

/** Every action that a policy can forbid, and by which of its switches. */
const actions: Record<string, [by: readonly Switch[], act: (rooms: Rooms) => unknown]> = {
  "import conversations": [["importConversations"], ({ actions }) => actions.importFile()],
  "restore a backup": [["importConversations"], ({ records }) => restore(records, backup)],
  "export a conversation as JSON": [
    ["exportConversations"],
    ({ actions, conversations }) => actions.exportJson(conversations.open!),
  ],
  "export a conversation as Markdown": [
    ["exportConversations"],
    ({ actions, conversations }) => actions.exportMarkdown(conversations.open!),
  ],
  "export all conversations": [["exportConversations"], ({ actions }) => actions.exportAll()],
  "make a backup": [["exportConversations"], ({ records }) => backupOf(records)],
  "pick a folder with a model": [["importModels"], ({ modelActions }) => modelActions.pick(true)],
  "pick files of a model": [["importModels"], ({ modelActions }) => modelActions.pick(false)],
  "drop a model that the build does not know": [
    ["importModels", "addModels", ...lists],
    ({ modelActions }) => modelActions.take(givenFolder("Qwen3-0.6B-q4f16_1-MLC", tinyFolder)),
  ],
  "drop a model that the build knows": [
    ["importModels", ...lists],
    async ({ models, modelActions }) => {
      await models.installed.remove(tiny.id);
      await modelActions.take(givenFolder("islet-tiny", tinyFolder));
    },
  ],
  "export a model as a zip": [["exportModels"], ({ modelActions }) => modelActions.export(tiny, false)],
  "export a model to a folder": [["exportModels"], ({ modelActions }) => modelActions.export(tiny, true)],
  "write a model": [["exportModels"], ({ models, store }) => exportModel(models, store, tiny, undefined, tell, signal)],
  "add a model from an address": [["addModels", ...lists], ({ models }) => addModel(models, "owner/another", library)],
  "download a model of one's own": [["addModels", ...lists], ({ models }) => download(models, "own")],
  "load a model of one's own": [["addModels", ...lists], ({ models }) => load(models, "own")],
  "load a model that is here": [lists, ({ models }) => load(models, tiny.id)],
  "check and repair a model": [lists, ({ models }) => models.downloads.mend(tiny, tell)],
  "download a model of the catalogue": [lists, ({ models }) => download(models, "islet-reasoner")],
  "load a model of the catalogue": [lists, ({ models }) => load(models, "islet-reasoner")],
  "bring a model, past everything else": [lists, ({ models }) => models.downloads.bring(knownCard("islet-reasoner")!)],
  "ask a model that is loaded": [lists, ({ models }) => models.loader.ready()],
  "remove the passphrase": [["vault"], () => demandVaultRemoval()],
};

/** The code of what was thrown; "" where nothing was. */
async function refusal(act: () => unknown): Promise<string> {
  try {
    await act();
    return "";
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

/** Whether the app says anywhere that something is not allowed. */
function saysRefused({ notices, models }: Rooms): boolean {
  const { downloads } = models;
  const { state } = models.loader;
  const errors = [notices.error, state.phase === "failed" ? state.error : undefined];
  return [...errors, ...[...downloads.all.values()].map(({ error }) => error)].some((e) => e?.code === "not-allowed");
}

/** The commands that do something a policy can forbid, or might; of the many models a few stand for all. */
const tried =
  /^(import|export|restore|backup|add-address|start|check-islet|compare-islet|(bring|later)-(own|islet|Qwen3-0))/;
const ofModels = /^(add-address|start|check-islet|compare-islet|bring|later)/;
/** Those of them that each switch takes away. */
const forbidden: Record<Switch, RegExp> = {
  importConversations: /^(import-conversations|restore)$/,
  exportConversations: /^(export-(json|markdown|all)|backup)$/,
  importModels: /^import-(folder|file)$/,
  exportModels: /^export-(zip|folder)/,
  addModels: /^(add-address|(bring|later)-own)$/,
  ids: ofModels,
  licences: ofModels,
  publishers: ofModels,
  vault: /^decrypt$/,
};

describe.each(Object.keys(switches) as Switch[])("where a policy forbids by %s", (name) => {
  test.each(Object.entries(actions))("%s", async (what, [by, act]) => {
    const made = await rooms();
    if (what.startsWith("ask")) await made.models.loader.load(tiny);
    const before = [...made.models.installed.ids];
    const { orders, loaded } = made;
    setPolicy(switches[name]);
    [orders.length, loaded.length] = [0, 0];
    expect(await refusal(() => act(made))).toBe(by.includes(name) ? "not-allowed" : "");
    if (!by.includes(name)) return;
    // And nothing was done of it.
    expect([orders, loaded]).toEqual([[], []]);
    if (!what.startsWith("drop")) expect([...made.models.installed.ids]).toEqual(before);
    expect(made.conversations.all.size).toBe(1);
  });

  test("a command that was on offer before is refused, and none that is refused is on offer", async () => {
    // These lead to a screen where the action is not on offer either.
    const places = /^(restore|backup|add-address)$/;
    const ids = (await rooms()).commands.list.map(({ id }) => id).filter((id) => tried.test(id));
    const { commands } = await rooms();
    setPolicy(switches[name]);
    const offered = new Set(commands.list.map(({ id }) => id));
    const gone = ids.filter((id) => !offered.has(id));
    expect(gone).toEqual(ids.filter((id) => forbidden[name].test(id)));
    for (const id of ids) {
      closeChannels();
      setPolicy(plain);
      const made = await rooms();
      const { run } = made.commands.list.find((command) => command.id === id)!;
      setPolicy(switches[name]);
      const thrown = await refusal(run);
      if (offered.has(id)) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        expect([thrown, saysRefused(made)], id).toEqual(["", false]);
      } else if (!places.test(id))
        await expect
          .poll(() => thrown === "not-allowed" || saysRefused(made), { timeout: 10_000, interval: 5 })
          .toBe(true);
    }
  }, 60_000);
});

describe.each(lists)("where models are left out by %s", (name) => {
  const record = (more: object) => ({
    version: 1,
    id: "islet-reasoner",
    paused: false,
    start: true,
    addedAt: 1,
    ...more,
  });

  test.each([
    ["queued", {}],
    ["paused", { paused: true }],
  ])("a download of an earlier visit, %s, does not go on and can be given up", async (_, more) => {
    const made = await rooms();
    await made.records.write("download:islet-reasoner", record(more) as StoredRecord);
    setPolicy(switches[name]);
    const { models, orders } = made;
    await models.begin();
    expect(models.downloads.all.get("islet-reasoner")).toMatchObject({
      status: "failed",
      error: { code: "not-allowed" },
    });
    await models.resume("islet-reasoner");
    dispatchEvent(new Event("online"));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(orders).toEqual([]);
    expect(made.commands.list.map(({ id }) => id)).not.toContain("resume-islet-reasoner");
    await models.downloads.cancel("islet-reasoner");
    expect(await made.records.read("download:islet-reasoner")).toBeUndefined();
  });

  test("a download that another tab began is not taken over", async () => {
    const { name: database, models, orders } = await rooms();
    setPolicy(switches[name]);
    await new Records(database).write("download:islet-reasoner", record({}) as StoredRecord);
    await expect
      .poll(() => models.downloads.all.get("islet-reasoner")?.error?.code, { timeout: 10_000 })
      .toBe("not-allowed");
    expect(orders).toEqual([]);
  });

  test("the model of the last visit is not loaded, and none is offered or usable; it can be removed", async () => {
    const { models, loaded } = await rooms();
    await models.loader.load(tiny);
    setPolicy(switches[name]);
    loaded.length = 0;
    await models.loader.unload();
    await models.begin();
    expect([models.offered, models.usable, loaded]).toEqual([[], [], []]);
    await models.remove(tiny);
    expect(models.installed.ids.size).toBe(0);
  });
});

test("a backup brings no model that one could not add oneself, and the person is told which", async () => {
  const { records } = await rooms();
  const card = { id: "brought", origin: address };
  const text = JSON.stringify({
    records: [
      ["conversation:c", conversation],
      ["added-model:brought", { version: 1, card }],
    ],
  });
  for (const name of ["addModels", ...lists] as const) {
    setPolicy(switches[name]);
    expect(await restore(records, text)).toEqual({ conversations: 1, leftOut: ["brought"] });
  }
  setPolicy(switches.importModels);
  expect(await restore(records, text)).toEqual({ conversations: 1, leftOut: [] });
});

test("what a person chose, or a record says, is never looser than the policy", async () => {
  const most = { conversations: 30, audit: 20, network: 10 };
  setPolicy({ ...plain, retention: most, vault: { required: true, lockMinutes: 5 } });
  for (const [kind, days] of Object.entries(most)) {
    expect(keptDays(kind as keyof typeof most, 3650)).toBe(days);
    expect(keptDays(kind as keyof typeof most, undefined)).toBe(days);
  }
  expect([lockMinutes(0), lockMinutes(60), lockMinutes(undefined), lockMinutes(1)]).toEqual([5, 5, 5, 1]);
  const { conversations, audit, settings, records } = await rooms();
  const old = { ...conversation, createdAt: 2, updatedAt: Date.now() - 40 * 24 * 3600_000 };
  await conversations.importJson(toJson([{ conversation: old, messages: [] }]));
  expect(conversations.all.size).toBe(2);
  await new Retention({ conversations, audit, ledger: new NetworkLedger(records), settings, records }).look();
  expect(conversations.all.size).toBe(1);
});
