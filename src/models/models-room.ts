// What this room brings to the app: its screens, its commands, and its sections of the settings.
import { labelled, t } from "../i18n/i18n.svelte";
import { allowed, allowsUnknown } from "../trust/current-policy";
import type { Command, Room, Shell, Subject } from "../ui/room";
import type { ModelActions } from "./model-actions.svelte";
import type { Models } from "./models.svelte";

interface Parts {
  models: Models;
  modelActions: ModelActions;
  shell: Shell;
}

export const modelsRoom = (parts: Parts): Room => ({
  screens: [
    {
      name: "models",
      title: "nav.models",
      icon: "models",
      keys: "alt+m",
      about: ["models"],
      load: () => import("./views/ModelsScreen.svelte"),
    },
    {
      name: "storage",
      title: "nav.storage",
      icon: "storage",
      keys: "alt+s",
      about: ["storage"],
      load: () => import("./views/StorageScreen.svelte"),
    },
  ],
  sections: [() => import("./views/RestSettings.svelte"), () => import("./views/StorageSettings.svelte")],
  commands: () => [...toUse(parts), ...ofDownloads(parts), ...ofFiles(parts), ...ofStorage(parts)],
  many: () => toBring(parts),
});

function toUse({ models, shell }: Parts): Command[] {
  const { loader } = models;
  const { state } = loader;
  const commands: Command[] = models.usable
    .filter((card) => models.device.canRun(card) && card.id !== loader.chosen?.id)
    .map((card) => ({
      id: `start-${card.id}`,
      label: labelled(t("models.start"), card.name),
      about: ["models"],
      run: () => void loader.load(card),
    }));
  if (state.phase === "loading") {
    const label = t("palette.cancelLoad", { name: state.card.name });
    commands.push({ id: "cancel-load", label, run: () => loader.cancel() });
  }
  if (state.phase === "ready") {
    const label = labelled(t("models.unload"), state.card.name);
    commands.push({ id: "unload", label, run: () => shell.guard(loader.unload()) });
  }
  return commands;
}

function ofDownloads({ models, shell }: Parts): Command[] {
  return [...models.downloads.all.values()].flatMap(({ card, status }) => {
    const command = (id: string, label: string, run: () => Promise<unknown>): Command => ({
      ...{ id: `${id}-${card.id}`, label: labelled(label, card.name), run: () => shell.guard(run()) },
    });
    const going = status === "queued" || status === "running";
    return [
      ...(!going && models.mayUse(card) ? [command("resume", t("models.resume"), () => models.resume(card.id))] : []),
      ...(going ? [command("pause", t("models.pause"), () => models.downloads.pause(card.id))] : []),
      command("cancel", t("models.cancel"), () => models.downloads.cancel(card.id)),
    ];
  });
}

function ofFiles({ models, modelActions, shell }: Parts): Command[] {
  if (modelActions.running) return [];
  const commands: Command[] = [];
  const add = (id: string, label: string, run: () => Promise<unknown>, ...about: Subject[]) =>
    commands.push({ id, label, about, run: () => shell.guard(run()) });
  if (allowed("importModels")) {
    add("import-folder", t("own.folder"), () => modelActions.pick(true), "models", "import");
    add("import-file", t("own.file"), () => modelActions.pick(false), "models", "import");
  }
  for (const { id } of models.installed.models.values()) {
    const card = models.installed.card(id);
    if (!card) continue;
    const of = (label: string) => labelled(label, card.name);
    if (models.mayUse(card)) add(`check-${id}`, of(t("storage.check")), () => modelActions.check(card));
    if (modelActions.canCompare(card))
      add(`compare-${id}`, of(t("storage.compare")), () => modelActions.compare(card), "think");
    if (allowed("exportModels"))
      add(`export-zip-${id}`, of(t("storage.exportZip")), () => modelActions.export(card, false), "export");
    if (allowed("exportModels") && modelActions.canExportFolder)
      add(`export-folder-${id}`, of(t("storage.exportFolder")), () => modelActions.export(card, true), "export");
    add(`remove-${id}`, of(t("models.remove")), () => models.remove(card), "delete");
  }
  return commands;
}

function ofStorage({ models, shell }: Parts): Command[] {
  const { storage } = models.device;
  const commands: Command[] = [];
  const add = (id: string, label: string, about: Subject, run: () => void) =>
    commands.push({ id, label, about: [about], run });
  if (allowsUnknown()) add("add-address", t("own.address"), "models", () => shell.press("models", "add-address"));
  if (models.installed.models.size > 0)
    add("free-space", t("room.title"), "storage", () => shell.press("storage", "free-space"));
  if (storage && !storage.persisted)
    add("persist", t("storage.ask"), "storage", () => shell.guard(models.device.askToKeep()));
  return commands;
}

function toBring({ models, shell }: Parts): Command[] {
  return models.offered
    .map((model) => models.buildOf(model))
    .filter((card) => !models.isInstalled(card) && !models.downloads.all.has(card.id))
    .filter((card) => models.device.canRun(card) && models.fit(card).verdict !== "no")
    .flatMap((card): Command[] => {
      const command = (id: string, label: string, run: () => void): Command => ({
        ...{ id: `${id}-${card.id}`, label: labelled(label, card.name), about: ["models"], run },
      });
      return [
        ...(card.task === "embedding"
          ? []
          : [command("bring", t("models.download"), () => void models.loader.load(card))]),
        command("later", t("models.downloadOnly"), () => shell.guard(models.download(card))),
      ];
    });
}
