// Numbers, times and names as people of a language write them. Whatever they are given, none of these throws: what is no time or no number is
// written as one that is not known.

/** Bytes in the unit that leaves one to three digits before the point: 98.2 MB. */
export function formatBytes(bytes: number, language: string): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const power = bytes >= 1000 ? Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3)) : 0;
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

const UNKNOWN = "–";

/** The language as it is written in the region that the browser names for it: 27 Nov 2026 in Britain, Nov 27, 2026 in America. */
const inRegion = (language: string): string =>
  navigator.languages.find((tag) => tag.toLowerCase().startsWith(`${language}-`)) ?? language;

/** A time (milliseconds since 1970, or a text of ISO 8601), in as much detail as `options` say. */
export function formatTime(
  time: number | string | Date,
  language: string,
  options: Intl.DateTimeFormatOptions = { dateStyle: "medium", timeStyle: "medium" },
): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? UNKNOWN : new Intl.DateTimeFormat(inRegion(language), options).format(date);
}

/** The day of a time (milliseconds since 1970), in full. */
export const formatDay = (time: number, language: string): string => formatTime(time, language, { dateStyle: "long" });

/** A span of time in milliseconds, as a whole number of days, hours, minutes or seconds. */
export function formatSpan(ms: number, language: string): string {
  const units = { day: 86_400_000, hour: 3_600_000, minute: 60_000, second: 1000 };
  const [unit, size] = Object.entries(units).find(([, size]) => ms >= 2 * size) ?? ["second", 1000];
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(Math.round(ms / size));
}

/** A day, or a time for a moment that is less than 20 hours away. */
export function formatMoment(time: number, language: string, now = Date.now()): string {
  const near = Math.abs(now - time) < 20 * 3600_000;
  return formatTime(time, language, near ? { timeStyle: "short" } : { dateStyle: "medium" });
}

/** The name of a language (BCP 47 code) in the given one; the code itself where it is none. */
export const nameOfLanguage = (code: string, language: string): string => nameOf("language", code, language);

/** The name of a country (ISO 3166 code) in the given language; the code itself where it is none. */
export const nameOfCountry = (code: string, language: string): string => nameOf("region", code, language);

function nameOf(type: "language" | "region", code: string, language: string): string {
  try {
    return new Intl.DisplayNames(language, { type }).of(code) ?? code;
  } catch {
    return code;
  }
}
