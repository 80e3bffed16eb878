// One file from a server: counted, cancellable, tried again when the server or the network fails, and refused unless it is what
// is expected. Not for: keeping it.
import { AppError, isCancelled, thrownText } from "../../platform/app-error";
import { isWebPage } from "../../platform/content-type";
import { permits, type NetworkRules } from "../../trust/rules/network-rules";
import { integrityOf } from "../../platform/integrity";
import type { ExpectedFile, StoreForm } from "./store-form";

/** Milliseconds to wait before the second, third … try. Servers that say when to come again are heard, up to `PATIENCE`. */
const DELAYS = [500, 1_000, 2_000, 4_000];
const PATIENCE = 120_000;
/** How many times as long a server is left alone that asked for it without saying, or so that a page may not read, for how long. */
const TOO_MANY = 4;

/** A failure after which the same request may succeed. */
class Passing extends Error {
  constructor(
    readonly failure: AppError,
    /** What the server asked for, in milliseconds. */
    readonly retryAfter = 0,
    /** By how much to lengthen the delay where it did not ask for one. */
    readonly slower = 1,
  ) {
    super(failure.message);
  }
}

export interface FetchOptions {
  /** Which addresses may be asked. */
  network: NetworkRules;
  /** What files of this model are held to where no hash says more. */
  form: StoreForm;
  /** The browser refuses what `network` does not name, also where an address leads on to another one. */
  held: boolean;
  signal: AbortSignal;
  /** Bytes that came; negative when some are thrown away. */
  onBytes(bytes: number): void;
  onRetry(seconds: number, reason: string): void;
}

export interface FetchedFile {
  bytes: ArrayBuffer;
  integrity: string;
}

/** What a server means that does not hand a file out. Source: RFC 9110, 15.5, and RFC 7725. */
function refusalOf(status: number, url: string): AppError {
  const detail = `${url}: HTTP ${status}`;
  if (status === 401 || status === 403 || status === 407) return new AppError("source-gated", detail, "choose-model");
  if (status === 404) return new AppError("source-missing", detail, "choose-model");
  if (status === 410) return new AppError("source-removed", detail, "choose-model");
  if (status === 451) return new AppError("source-illegal", detail, "choose-model");
  return new AppError("source-refused", detail);
}

/**
 * Fetches a file. Throws AppError "not-allowed", "redirect-unchecked", "download-failed", "download-corrupt", "model-invalid", one of those
 * that say why a server did not hand it out ("source-…") or, when aborted, an AbortError.
 */
export async function fetchFile(
  url: string,
  name: string,
  expected: ExpectedFile,
  options: FetchOptions,
): Promise<FetchedFile> {
  if (!permits(url, location.origin, options.network))
    throw new AppError("not-allowed", `${url}: the policy does not allow this address`, "none");
  for (let attempt = 0; ; attempt++) {
    let came = 0;
    try {
      return await fetchOnce(url, name, expected, options, (n) => {
        came += n;
        options.onBytes(n);
      });
    } catch (error) {
      options.onBytes(-came);
      if (isCancelled(error) || !(error instanceof Passing)) throw error;
      if (attempt === DELAYS.length) throw error.failure;
      const delay = error.retryAfter || DELAYS[attempt]! * error.slower * (1 + Math.random() / 4);
      options.onRetry(delay / 1000, error.failure.detail);
      await pause(delay, options.signal);
    }
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    });
  });
}

/** What a Retry-After header asks for, in milliseconds; 0 without one. Source: RFC 9110, 10.2.3 */
export function retryAfter(header: string | null, now = Date.now()): number {
  if (header === null) return 0;
  const wanted = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return wanted > 0 ? Math.min(wanted, PATIENCE) : 0;
}

async function fetchOnce(
  url: string,
  name: string,
  expected: ExpectedFile,
  { signal, held, form }: FetchOptions,
  onBytes: (n: number) => void,
): Promise<FetchedFile> {
  // Where one leads is seen by the browser alone before it is there.
  const redirect = held ? "follow" : "manual";
  const response = await fetch(url, { signal, redirect, cache: "no-store", credentials: "omit" }).catch(
    (error: unknown) => {
      if (isCancelled(error)) throw error;
      throw new Passing(new AppError("download-failed", `${url}: ${thrownText(error)}`));
    },
  );
  if (response.type === "opaqueredirect")
    throw new AppError("redirect-unchecked", `${url} leads to another address, and no policy was sent for this worker`);
  if (!response.ok) {
    await response.body?.cancel();
    const failure = refusalOf(response.status, url);
    if (response.status === 408 || response.status === 429 || response.status >= 500)
      throw new Passing(
        failure,
        retryAfter(response.headers.get("retry-after")),
        response.status === 429 ? TOO_MANY : 1,
      );
    throw failure;
  }
  const bytes = await readAll(response, expected.bytes, form.limitOf(name), onBytes);
  const integrity = await integrityOf(bytes);
  if (expected.integrity !== undefined && integrity !== expected.integrity)
    throw new AppError("download-corrupt", `${url}: SHA-256 is not the published ${expected.integrity}`);
  if (expected.integrity === undefined || name === form.suspect) form.checkForm(name, bytes);
  return { bytes, integrity };
}

async function readAll(
  response: Response,
  expected: number | undefined,
  limit: number,
  onBytes: (n: number) => void,
): Promise<ArrayBuffer> {
  const { headers, url } = response;
  const type = headers.get("content-type") ?? "";
  // The length is that of what is sent, and another origin does not tell whether that is compressed.
  const sent = Number(headers.get("content-length") ?? NaN);
  const stated = headers.has("content-encoding") || response.type === "cors" ? NaN : sent;
  const reader = response.body!.getReader();
  const refuse = async (what: string, code: "download-corrupt" | "source-page" = "download-corrupt") => {
    await reader.cancel();
    return new AppError(code, `${url}: ${what} (${type})`);
  };
  if (isWebPage(type)) throw await refuse("a web page, not a file of a model", "source-page");
  if (expected !== undefined && !Number.isNaN(stated) && stated !== expected)
    throw await refuse(`${stated} bytes, not ${expected}`);
  const most = expected ?? limit;
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  // With a known size the bytes go straight to their place; without, they are put together at the end.
  let whole = expected === undefined ? undefined : new Uint8Array(expected);
  let at = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (at + value.length > most) throw await refuse(`longer than ${most} bytes`);
      if (whole) whole.set(value, at);
      else chunks.push(value);
      at += value.length;
      onBytes(value.length);
    }
  } catch (error) {
    if (error instanceof AppError || isCancelled(error)) throw error;
    throw new Passing(new AppError("download-failed", `${url}: ${thrownText(error)} after ${at} bytes`));
  }
  if (expected !== undefined && at !== expected && at === sent) throw await refuse(`${at} bytes, not ${expected}`);
  if (expected !== undefined && at !== expected)
    throw new Passing(new AppError("download-failed", `${url}: ended after ${at} of ${expected} bytes`));
  whole ??= new Uint8Array(await new Blob(chunks).arrayBuffer());
  return whole.buffer;
}
