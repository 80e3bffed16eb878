// How well a build fits this machine, in words. Not for: the rules (fit.ts).
import { labelled, language, t } from "../i18n/i18n.svelte";
import { formatBytes } from "../platform/format";
import type { Fit } from "./fit";

/** The verdict with its reason, in the language of the app. */
export function fitText({ verdict, reason, need, have }: Fit): string {
  if (!reason) return t(`models.fit.${verdict}`);
  const values = { need: formatBytes(need ?? 0, language()), have: formatBytes(have ?? 0, language()) };
  return labelled(t(`models.fit.${verdict}`), t(`models.fit.reason.${reason}`, values));
}
