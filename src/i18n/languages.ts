// The languages that people can choose: one list, for the catalogues, the settings and the policy. Not for: the texts (en.ts and its sisters).

/** Each language by its own name. */
export const languageNames = {
  en: "English",
  fr: "Français",
  ja: "日本語",
  vi: "Tiếng Việt",
} as const;

export type Language = keyof typeof languageNames;

export const languages = Object.keys(languageNames) as readonly Language[];
