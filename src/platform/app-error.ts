// Errors as values: a code that the message catalogue has a text and a remedy for, and what was seen. Not for: showing them.
import type { MessageKey } from "../i18n/en";

/** Every way the app can fail that a person is told about. Each has `error.<code>.title` and `error.<code>.remedy` messages. */
export const errorCodes = [
  "gpu-missing",
  "wasm-missing",
  "insecure-page",
  "adapter-refused",
  "device-lost",
  "out-of-memory",
  "download-failed",
  "download-corrupt",
  "source-gated",
  "source-missing",
  "source-removed",
  "source-illegal",
  "source-refused",
  "source-page",
  "not-allowed",
  "redirect-unchecked",
  "policy-changed",
  "policy-missing",
  "policy-invalid",
  "passphrase-wrong",
  "passkey-failed",
  "backup-invalid",
  "vault-changed",
  "vault-unreadable",
  "records-unreadable",
  "model-invalid",
  "model-known",
  "address-invalid",
  "cache-corrupt",
  "import-damaged",
  "storage-full",
  "files-in-clear",
  "storage-failed",
  "storage-blocked",
  "worker-crashed",
  "prompt-too-long",
  "import-invalid",
  "copy-refused",
  "part-missing",
  "unknown",
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/** What a person may do next; each is a button where the error is shown. */
export const remedies = ["retry", "repair", "choose-model", "free-space", "none"] as const;
export type Remedy = (typeof remedies)[number];

/** A sentence about what is wrong, as a message of the catalogue. */
export interface Reason {
  key: MessageKey;
  values: Readonly<Record<string, string | number>>;
}

export class AppError extends Error {
  override readonly name = "AppError";
  constructor(
    readonly code: ErrorCode,
    /** Technical detail as seen, in English, for the person who helps. */
    readonly detail = "",
    readonly remedy: Remedy = "retry",
    /** Bytes that are wanting, where that is what is wrong. */
    readonly bytes?: number,
    /** What exactly is wrong, where that can be said to the person themself. */
    readonly reasons?: readonly Reason[],
  ) {
    super(`${code}: ${detail}`);
  }
}

/** The plain form that crosses a thread border or is saved with a message. */
export interface ErrorData {
  code: ErrorCode;
  detail: string;
  remedy: Remedy;
  bytes?: number;
  reasons?: readonly Reason[];
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
  if (error instanceof AppError) {
    const { code, detail, remedy, bytes, reasons } = error;
    return { code, detail, remedy, ...(bytes === undefined ? {} : { bytes }), ...(reasons ? { reasons } : {}) };
  }
  const detail = thrownText(error);
  // Over plain HTTP a browser has no hashes, locks or random ids: to call what is not there is how it shows.
  if (error instanceof TypeError && globalThis.isSecureContext === false)
    return { code: "insecure-page", detail, remedy: "none" };
  if (/QuotaExceeded|full disk/i.test(detail)) return { code: "storage-full", detail, remedy: "free-space" };
  return { code: "unknown", detail, remedy: "retry" };
}

export function appError(data: ErrorData): AppError {
  return new AppError(data.code, data.detail, data.remedy, data.bytes, data.reasons);
}
