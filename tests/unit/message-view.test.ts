// An answer as its message is shown: what a setting changes of it, and what is said where it did not end by itself.
import { mount, tick, unmount } from "svelte";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { provideChat } from "../../src/chat/chat-context";
import { Conversations } from "../../src/chat/conversations.svelte";
import MessageView from "../../src/chat/views/MessageView.svelte";
import { contentOf, messageKey, type Message } from "../../src/chat/conversation-records";
import { messageForm } from "../../src/chat/conversation-forms";
import { Session } from "../../src/chat/session.svelte";
import type { Engines } from "../../src/engine/client/engines";
import type { GenerateOptions } from "../../src/engine/client/engine-client";
import { t } from "../../src/i18n/i18n.svelte";
import { provideModels } from "../../src/models/models-context";
import type { Models } from "../../src/models/models.svelte";
import { Runs } from "../../src/runs/runs.svelte";
import { Records } from "../../src/storage/records";
import { provideSettings, Settings } from "../../src/storage/settings.svelte";
import { AuditLog } from "../../src/trust/log/audit-log.svelte";
import { Notices, provideNotices } from "../../src/ui/notices.svelte";
import InContext from "./InContext.svelte";

// What the build puts in.
vi.stubGlobal("__APP_VERSION__", "0");
vi.stubGlobal("__APP_COMMIT__", "");
Object.defineProperty(navigator, "locks", {
  configurable: true,
  value: { request: (_name: string, ...rest: unknown[]) => (rest.at(-1) as () => unknown)() },
});

let n = 0;
let settings: Settings;
let conversations: Conversations;
let session: Session;
let records: Records;
/** How the engine ends its answer. */
let generate: (options: GenerateOptions) => Promise<unknown>;
const models = {
  ...{ usable: [], device: { machine: undefined, canRun: () => true } },
  loader: {
    ...{ chosen: { id: "m" }, noteContextSize: () => {} },
    ready: async () => ({ card: { id: "m" }, loaded: { contextSize: 1024, sampling: { temperature: 0, topP: 1 } } }),
  },
  installed: { digest: async () => "d", card: () => undefined },
} as unknown as Models;

// So that it is here at once.
beforeAll(() => import("../../src/chat/markdown/Markdown.svelte"));

const main = document.createElement("main");
let shown: object | undefined;
beforeEach(() => {
  records = new Records(`message-view-${++n}`);
  const audit = new AuditLog(records);
  settings = new Settings(records);
  conversations = new Conversations(records, audit);
  const engines = { hasModel: true, generate: (options: GenerateOptions) => generate(options) } as unknown as Engines;
  session = new Session(conversations, models, new Runs(engines, models, settings), settings, audit);
});
afterEach(async () => {
  if (shown) await unmount(shown);
  shown = undefined;
});

/** Asks, and shows the answer that the model gives. */
async function show(text: string, finish: string): Promise<Message> {
  generate = ({ onToken }) => {
    onToken({ part: "answer", text, tokens: 1 });
    return Promise.resolve({ thought: "", answer: text, finish, stats: { contextSize: 1024 } });
  };
  await session.ask("Question");
  const message = conversations.branch.at(-1)!;
  expect(contentOf(message)).toBe(text);
  const provide = () => {
    provideModels(models);
    provideNotices(new Notices());
    provideChat({ conversations, session, actions: undefined as never });
    provideSettings(settings);
  };
  const props = { message, onLink: () => {}, onRemedy: () => {} };
  shown = mount(InContext, { target: main, props: { component: MessageView, props, provide } });
  await tick();
  return message;
}

test("the setting for single line breaks changes an answer that is on the screen already, each time", async () => {
  await show("A rose\nis a rose\n\n- by any\n  other name", "stop");
  const breaks = () => main.querySelectorAll("p br, li br").length;
  await vi.waitFor(() => expect(main.querySelector("li")).not.toBeNull());
  expect(breaks()).toBe(0);
  for (const chosen of [true, undefined, true]) {
    await settings.save({ lineBreaks: chosen });
    await vi.waitFor(() => expect(breaks()).toBe(chosen ? 2 : 0));
  }
});

test("and so does the setting that is changed in another tab", async () => {
  await show("A rose\nis a rose", "stop");
  await new Settings(new Records(`message-view-${n}`)).save({ lineBreaks: true });
  await vi.waitFor(() => expect(main.querySelectorAll("p br")).toHaveLength(1));
});

test("an answer that was ended because it repeats itself says so, is stored as such, and can go on", async () => {
  const message = await show("Yes, yes. ".repeat(50), "repeated");
  expect((await records.read(messageKey(message), messageForm))?.run?.status).toBe("repeated");
  expect(main.textContent).toContain(t("chat.repeated"));
  expect([...main.querySelectorAll("button")].map((b) => b.textContent)).toContain(t("chat.resume"));
});
