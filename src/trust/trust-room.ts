// What this room brings to the app: its commands, and its section of the settings. Its screen shows models as well, and is the app's (app/).
import { formatNumber } from "../platform/format";
import { language, t } from "../i18n/i18n.svelte";
import { hasPasskeys } from "../storage/vault/passkey";
import type { Command, Room, Shell, Subject } from "../ui/room";
import { policy } from "./current-policy";
import { openErasing } from "./erase";
import type { Trust } from "./trust-context";
import { openVaultScreen } from "./vault/open-vault.svelte";

interface Parts extends Trust {
  shell: Shell;
}

export const trustRoom = (parts: Parts): Room => ({
  sections: [() => import("./views/VaultSection.svelte")],
  commands: () => [...ofProof(parts), ...ofVault(parts)],
});

function ofProof({ audit, shell }: Parts): Command[] {
  const pressed = (id: string, label: string, ...about: Subject[]): Command => ({
    ...{ id, label, about, run: () => shell.press("trust", id) },
  });
  return [
    pressed("check-audit", t("audit.check"), "trust"),
    { id: "export-audit", label: t("audit.export"), about: ["export"], run: () => shell.guard(audit.save()) },
    pressed("export-network", t("network.export"), "export", "network"),
    pressed("probe", t("probe.run"), "trust", "network"),
    pressed("check-build", t("run.check"), "trust"),
    { id: "erase", label: t("erase.open"), about: ["delete"], run: openErasing },
  ];
}

function ofVault({ vault, shell }: Parts): Command[] {
  const command = (id: string, label: string, run: () => void, keys?: string): Command => ({
    ...{ id, label, about: ["password"], run },
    ...(keys ? { keys } : {}),
  });
  const pressed = (id: string, label: string) => command(id, label, () => shell.press("settings", id));
  if (!vault) return [command("encrypt", `${t("vault.set")}…`, openVaultScreen)];
  const n = formatNumber(vault.passkeys, language(), 0);
  return [
    command("lock", t("vault.lock"), () => void vault.lock("hand"), "alt+l"),
    pressed("change-passphrase", `${t("vault.change")}…`),
    ...(hasPasskeys() ? [pressed("add-passkey", `${t("vault.addPasskey")}…`)] : []),
    ...(vault.passkeys > 0 ? [pressed("remove-passkeys", t("vault.removePasskeys", { n }))] : []),
    ...(policy.vault.required ? [] : [command("decrypt", `${t("vault.remove")}…`, openVaultScreen)]),
  ];
}
