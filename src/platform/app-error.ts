// Errors as values: a code that the message catalogue has a text and a remedy for, and what was seen. Not for: showing them.

/** Every way the app can fail that a person is told about. Each has `error.<code>.title` and `error.<code>.remedy` messages. */
export const errorCodes = [
  "gpu-missing",
  "insecure-page",
  "adapter-refused",
  "device-lost",
  "out-of-memory",
  "download-failed",
  "download-corrupt",
  "cache-corrupt",
  "storage-full",
  "storage-failed",
  "worker-crashed",
  "prompt-too-long",
  "import-invalid",
  "unknown",
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/** What a person may do next; each is a button where the error is shown. */
export type Remedy = "retry" | "repair" | "choose-model" | "none";

export class AppError extends Error {
  override readonly name = "AppError";
  constructor(
    readonly code: ErrorCode,
    /** Technical detail as seen, in English, for the person who helps. */
    readonly detail = "",
    readonly remedy: Remedy = "retry",
  ) {
    super(`${code}: ${detail}`);
  }
}

/** The plain form that crosses a thread border or is saved with a message. */
export interface ErrorData {
  code: ErrorCode;
  detail: string;
  remedy: Remedy;
}

/** Whether a person ended what was under way: no failure. */
export function isCancelled(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** What anything that was thrown says of itself. */
export function thrownText(thrown: unknown): string {
  if (thrown instanceof Error) return `${thrown.name}: ${thrown.message}`;
  const message = (thrown as { message?: unknown } | null)?.message;
  return typeof message === "string" ? message : String(thrown);
}

export function errorData(error: unknown): ErrorData {
  if (error instanceof AppError) return { code: error.code, detail: error.detail, remedy: error.remedy };
  if (error instanceof DOMException && error.name === "QuotaExceededError")
    return { code: "storage-full", detail: error.message, remedy: "retry" };
  return { code: "unknown", detail: thrownText(error), remedy: "retry" };
}

export function appError(data: ErrorData): AppError {
  return new AppError(data.code, data.detail, data.remedy);
}
