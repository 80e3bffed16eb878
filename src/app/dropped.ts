// What a person is told when they drop files on the app: what Islet can do with them, and a button that does it. Not for: the place on the
// models screen that takes models, or reading what is dropped.
import type { ConversationActions } from "../chat/conversation-actions.svelte";
import { listed, t } from "../i18n/i18n.svelte";
import { filesOfDrop } from "../models/given-files";
import type { ModelActions } from "../models/model-actions.svelte";
import { hasFiles } from "../platform/keep-page";
import type { Notices } from "../ui/notices.svelte";

/** Milliseconds that the answer stays: it is longer than other notices. */
const TIME = 15_000;
const MOST_NAMES = 3;
/** Files of models in any form, so that for one that Islet cannot run the one place that knows gives the reasons. */
const ofModel =
  /\.(zip|wasm|bin|safetensors|gguf|onnx|pt|pth)$|^(mlc-chat-config|tensor-cache|ndarray-cache|tokenizer|islet-model)\.json$/i;

interface Rooms {
  actions: ConversationActions;
  modelActions: ModelActions;
  notices: Notices;
  /** Shows the models screen, on which an import goes on. */
  toModels(): void;
}

/** Answers a drop of files; ignores a drop of anything else. */
export function answerDrop(event: DragEvent, { actions, modelActions, notices, toModels }: Rooms): void {
  const items = [...(event.dataTransfer?.items ?? [])];
  if (!hasFiles(event)) return;
  const files = [...(event.dataTransfer?.files ?? [])];
  const isFolder = items.some((item) => item.webkitGetAsEntry()?.isDirectory);
  const names = listed(files.slice(0, MOST_NAMES).map(({ name }) => name)) + (files.length > MOST_NAMES ? "…" : "");
  const guard = (action: Promise<unknown>) => void notices.guard(action);
  if (isFolder || files.some(({ name }) => ofModel.test(name))) {
    const given = filesOfDrop(event);
    const run = () => (toModels(), guard(given.then((found) => modelActions.take(found))));
    notices.tell(() => t("drop.model", { names }), { label: () => t("drop.importModel"), run }, TIME);
  } else if (files.length === 1 && /\.json$/i.test(files[0]!.name)) {
    const run = () => guard(actions.importFile(files[0]));
    notices.tell(() => t("drop.conversations", { names }), { label: () => t("chat.import"), run }, TIME);
  } else notices.tell(() => t("drop.other", { names }), undefined, TIME);
}
