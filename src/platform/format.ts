// Numbers as people of a language write them.

/** Bytes in the unit that leaves one to three digits before the point: 98.2 MB. */
export function formatBytes(bytes: number, language: string): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const power = Math.min(units.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit: units[power]!,
    unitDisplay: "short",
    maximumFractionDigits: power > 1 ? 1 : 0,
  }).format(bytes / 1000 ** power);
}

export function formatNumber(value: number, language: string, digits = 1): string {
  return new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
}

/** A large count, short and with three digits: 135M. */
export function formatCount(value: number, language: string): string {
  return new Intl.NumberFormat(language, { notation: "compact", maximumSignificantDigits: 3 }).format(value);
}

/** Seconds, rounded up to a whole number of seconds or minutes. */
export function formatSeconds(seconds: number, language: string): string {
  const minutes = seconds >= 90;
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit: minutes ? "minute" : "second",
    unitDisplay: "long",
  }).format(Math.ceil(minutes ? seconds / 60 : seconds));
}

/** A whole number of days. */
export function formatDays(days: number, language: string): string {
  return new Intl.NumberFormat(language, { style: "unit", unit: "day", unitDisplay: "long" }).format(days);
}

/** A day, or a time for a moment of the last 20 hours. */
export function formatMoment(time: number, language: string, now = Date.now()): string {
  const options: Intl.DateTimeFormatOptions =
    now - time < 20 * 3600_000 ? { timeStyle: "short" } : { dateStyle: "medium" };
  return new Intl.DateTimeFormat(language, options).format(time);
}

/** The name of a language (BCP 47 code) in the given one. */
export function nameOfLanguage(code: string, language: string): string {
  return new Intl.DisplayNames(language, { type: "language" }).of(code) ?? code;
}

/** The name of a country (ISO 3166 code) in the given language. */
export function nameOfCountry(code: string, language: string): string {
  return new Intl.DisplayNames(language, { type: "region" }).of(code) ?? code;
}
