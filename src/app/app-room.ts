// What the app itself brings: the screens that show more than one room, and what belongs to the whole of it.
import type { Session } from "../chat/session.svelte";
import { labelled, t } from "../i18n/i18n.svelte";
import { languageNames, type Language } from "../i18n/languages";
import type { Models } from "../models/models.svelte";
import type { Install } from "../pwa/install.svelte";
import type { Updates } from "../pwa/updates.svelte";
import { themes, type Settings } from "../storage/settings.svelte";
import { allowed } from "../trust/current-policy";
import type { OpenVault } from "../trust/vault/open-vault.svelte";
import type { Command, Room, Shell } from "../ui/room";

interface Parts {
  settings: Settings;
  install: Install;
  updates: Updates;
  vault: OpenVault | undefined;
  session: Session;
  models: Models;
  /** Shows every command. */
  showAll: () => void;
  shell: Shell;
}

/** Language and appearance: what a person looks for first. */
export const appearanceRoom = ({ settings, shell }: Pick<Parts, "settings" | "shell">): Room => ({
  sections: [() => import("./AppearanceSettings.svelte")],
  commands: () => {
    const codes: [Language | undefined, string][] = [
      [undefined, t("palette.languageAuto")],
      ...(Object.entries(languageNames) as [Language, string][]),
    ];
    return [
      ...codes
        .filter(([code]) => code !== settings.current.language)
        .map(([code, name]): Command => ({
          id: `language-${code ?? "auto"}`,
          label: labelled(t("settings.language"), name),
          about: ["language"],
          run: () => shell.guard(settings.save({ language: code })),
        })),
      ...[undefined, ...themes]
        .filter((theme) => theme !== settings.current.theme)
        .map((theme): Command => ({
          id: `theme-${theme ?? "auto"}`,
          label: labelled(t("settings.theme"), t(`settings.theme.${theme ?? "auto"}`)),
          about: ["theme"],
          run: () => shell.guard(settings.save({ theme })),
        })),
    ];
  },
});

export const appRoom = (parts: Parts): Room => ({
  screens: [
    {
      name: "trust",
      title: "nav.trust",
      icon: "trust",
      keys: "alt+t",
      about: ["trust"],
      load: () => import("./TrustScreen.svelte"),
    },
    {
      name: "report",
      title: "report.title",
      about: ["trust", "print"],
      load: () => import("./ReportScreen.svelte"),
    },
    {
      name: "settings",
      title: "nav.settings",
      icon: "settings",
      keys: "alt+p",
      about: ["settings"],
      load: () => import("./SettingsScreen.svelte"),
    },
  ],
  sections: [
    () => import("./RetentionSection.svelte"),
    () => import("./BackupSection.svelte"),
    () => import("./InstallSection.svelte"),
    () => import("./AboutSection.svelte"),
  ],
  commands: () => [
    { id: "help", label: t("palette.help"), about: ["help"], run: parts.showAll },
    ...ofRecords(parts),
    ...ofVersion(parts),
  ],
});

/** Backups, and what is deleted by hand. */
function ofRecords({ vault, session, shell }: Parts): Command[] {
  const pressed = (id: string, label: string, about: Command["about"] = []): Command => ({
    ...{ id, label, about, run: () => shell.press("settings", id) },
  });
  return [
    ...(vault && allowed("exportConversations") ? [pressed("backup", t("vault.makeBackup"), ["export"])] : []),
    ...(allowed("importConversations") ? [pressed("restore", `${t("vault.restore")}…`, ["import"])] : []),
    // While an answer is written nothing can be deleted.
    ...(session.busy ? [] : (["conversations", "audit", "network"] as const)).map((kind) =>
      pressed(
        `delete-${kind}`,
        `${t(`keep.delete.${kind}`)}…`,
        kind === "network" ? ["delete", "network"] : ["delete"],
      ),
    ),
  ];
}

function ofVersion({ install, updates, models, shell }: Parts): Command[] {
  const commands: Command[] = [];
  if (models.loader.state.phase === "ready")
    commands.push({
      id: "statistics",
      label: t("settings.statistics"),
      run: () => shell.press("settings", "statistics"),
    });
  if (install.offered)
    commands.push({
      id: "install",
      label: t("install.action"),
      about: ["install"],
      run: () => void install.prompt(),
    });
  if (updates.available)
    commands.push({ id: "update", label: t("update.action"), run: () => shell.guard(updates.accept()) });
  return commands;
}
