// Texts in the person's language: i18next over typed catalogues (en.ts says which messages there are). English is always here; each other
// language comes in a file of its own when it is first wanted. Not for: numbers and dates (platform/format.ts).
import i18next from "i18next";
import { loadPart } from "../platform/load-part";
import { en, type Catalogue, type MessageKey } from "./en";
import { languageNames, type Language } from "./languages";

const catalogues: Record<Exclude<Language, "en">, () => Promise<Catalogue>> = {
  fr: async () => (await import("./fr")).fr,
  ja: async () => (await import("./ja")).ja,
  vi: async () => (await import("./vi")).vi,
};

void i18next.init({
  lng: "en",
  fallbackLng: false,
  keySeparator: false,
  nsSeparator: false,
  interpolation: { escapeValue: false },
  resources: { en: { translation: en } },
  initAsync: false,
  showSupportNotice: false,
});

let current = $state<Language>("en");
/** The language that was asked for last: its texts may still be on their way. */
let wanted: Language = "en";

export function language(): Language {
  return current;
}

/** The first of the wanted languages that there is a catalogue for, by its main part ("fr-CA" is "fr"); else English. */
export function bestLanguage(wanted: readonly string[]): Language {
  const codes = wanted.map((w) => w.toLowerCase().split("-")[0]!);
  return codes.find((c): c is Language => c in languageNames) ?? "en";
}

/**
 * Changes the language of the page: at once where its texts are here, or else when they have come. Rejects with AppError "part-missing" where they
 * do not come; the language stays as it was.
 */
export async function setLanguage(chosen: Language): Promise<void> {
  wanted = chosen;
  if (chosen !== "en" && !i18next.hasResourceBundle(chosen, "translation"))
    i18next.addResourceBundle(chosen, "translation", await loadPart(catalogues[chosen]));
  if (wanted !== chosen) return;
  current = chosen;
  void i18next.changeLanguage(chosen);
  document.documentElement.lang = chosen;
}

/** Changes to the best of the wanted languages. Where its texts do not come, the page stays as it is: it must be possible to read it anyhow. */
export const speakBest = (wanted: readonly string[]): Promise<void> =>
  setLanguage(bestLanguage(wanted)).catch(() => {});

/** A message in the current language. Reactive: it is read again when the language changes. */
export function t(key: MessageKey, values: Record<string, string | number> = {}): string {
  return i18next.t(key, { lng: current, ...values });
}

/** A label and what it is a label of, with the sign that the current language puts between them. */
export const labelled = (label: string, value: string): string => t("text.labelled", { label, value });

/** A text and what is said beside it, in the brackets of the current language. */
export const bracketed = (text: string, aside: string): string => t("text.bracketed", { text, aside });

/** Texts one after the other, with the sign that the current language puts between them. */
export const listed = (texts: readonly string[]): string => texts.join(t("text.separator"));
