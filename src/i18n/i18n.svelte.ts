// Texts in the person's language: i18next over typed catalogues (en.ts says which messages there are). Not for: numbers and dates (platform/format.ts).
import i18next from "i18next";
import { en, type Catalogue, type MessageKey } from "./en";
import { fr } from "./fr";
import { ja } from "./ja";
import type { Language } from "./languages";
import { vi } from "./vi";

const catalogues: Record<Language, Catalogue> = { en, fr, ja, vi };

void i18next.init({
  lng: "en",
  fallbackLng: false,
  keySeparator: false,
  nsSeparator: false,
  interpolation: { escapeValue: false },
  resources: Object.fromEntries(Object.entries(catalogues).map(([code, translation]) => [code, { translation }])),
  initAsync: false,
  showSupportNotice: false,
});

let current = $state<Language>("en");

export function language(): Language {
  return current;
}

/** The first of the wanted languages that there is a catalogue for, by its main part ("fr-CA" is "fr"); else English. */
export function bestLanguage(wanted: readonly string[]): Language {
  const codes = wanted.map((w) => w.toLowerCase().split("-")[0]!);
  return codes.find((c): c is Language => c in catalogues) ?? "en";
}

/** Changes the language of the page at once. */
export function setLanguage(chosen: Language): void {
  current = chosen;
  void i18next.changeLanguage(chosen);
  document.documentElement.lang = chosen;
}

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
