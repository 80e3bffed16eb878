// From what a runtime throws to the errors a person is told, by what its texts look like. Not for: which texts a runtime has (in its folder).
import { type AppError, type ErrorData, errorData, thrownText } from "../platform/app-error";

/** What a text looks like, and what it means. */
export type ErrorPattern = readonly [text: RegExp, code: AppError["code"], remedy: AppError["remedy"]];

/** The error data for anything that was thrown; the first pattern that fits says what it is. */
export function classified(thrown: unknown, patterns: readonly ErrorPattern[]): ErrorData {
  const seen = errorData(thrown);
  if (seen.code !== "unknown") return seen;
  const text = thrownText(thrown);
  const match = patterns.find(([pattern]) => pattern.test(text));
  return match ? { code: match[1], detail: text, remedy: match[2] } : seen;
}
