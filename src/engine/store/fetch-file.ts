// One file from a server: counted, cancellable, tried again when the server or the network fails, and refused unless it is what
// is expected. Not for: keeping it.
import { AppError, isCancelled, thrownText } from "../../platform/app-error";
import { isWebPage } from "../../platform/content-type";
import { permits, type NetworkRules } from "../../trust/rules/network-rules";
import { integrityOf } from "../../platform/integrity";
import type { ModelFile } from "../protocol";
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

/** Where the bytes of a file go as they come. */
export interface Sink {
  /** Bytes that are there already, and what the server said the file is, of which they are. */
  readonly at: number;
  readonly source: string;
  /** Bytes that have come, these included. */
  readonly came: number;
  /** The file begins anew, of so many bytes where that is known: what was there is thrown away. */
  restart(source: string, size: number | undefined): void | Promise<void>;
  write(bytes: Uint8Array<ArrayBuffer>): void | Promise<void>;
  /** What came since the last that is there for good is forgotten: it is asked for again. */
  rewind(): void;
  /** What has come. */
  judge(): ModelFile | Promise<ModelFile>;
  /** Once it was judged. Throws AppError "model-invalid" where that can be no file of this name, as far as that can be seen without a hash. */
  check(name: string): void;
}

/** Keeps a file in memory. */
export class MemorySink implements Sink {
  readonly at = 0;
  readonly source = "";
  private chunks: Uint8Array<ArrayBuffer>[] = [];
  private whole: Uint8Array<ArrayBuffer> | undefined;
  came = 0;
  /** All of it, once it was judged. */
  bytes = new ArrayBuffer(0);

  constructor(private readonly form: StoreForm) {}

  restart(_source: string, size: number | undefined): void {
    // With a known size the bytes go straight to their place; without, they are put together at the end.
    this.whole = size === undefined ? undefined : new Uint8Array(size);
    this.rewind();
  }

  write(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.whole) this.whole.set(bytes, this.came);
    else this.chunks.push(bytes);
    this.came += bytes.length;
  }

  rewind(): void {
    [this.chunks, this.came] = [[], 0];
  }

  async judge(): Promise<ModelFile> {
    this.bytes = (this.whole ?? new Uint8Array(await new Blob(this.chunks).arrayBuffer())).buffer;
    return { bytes: this.bytes.byteLength, integrity: await integrityOf(this.bytes) };
  }

  check(name: string): void {
    this.form.checkForm(name, this.bytes);
  }
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
 * Fetches a file, or what is not there of it, and gives what it is. Throws AppError "not-allowed", "redirect-unchecked", "download-failed", "download-corrupt", "model-invalid", one of those
 * that say why a server did not hand it out ("source-…") or, when aborted, an AbortError.
 */
export async function fetchFile(
  url: string,
  name: string,
  expected: ExpectedFile,
  options: FetchOptions,
  sink: Sink,
): Promise<ModelFile> {
  if (!permits(url, location.origin, options.network))
    throw new AppError("not-allowed", `${url}: the policy does not allow this address`, "none");
  let told = 0;
  /** Those that are thrown away are taken back. */
  const tell = () => {
    if (sink.came !== told) options.onBytes(sink.came - told);
    told = sink.came;
  };
  tell();
  for (let attempt = 0; ; attempt++) {
    try {
      return await fetchOnce(url, name, expected, options, sink, tell);
    } catch (error) {
      sink.rewind();
      tell();
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
  sink: Sink,
  tell: () => void,
): Promise<ModelFile> {
  // Where one leads is seen by the browser alone before it is there.
  const redirect = held ? "follow" : "manual";
  const range: RequestInit = sink.at > 0 ? { headers: { range: `bytes=${sink.at}-` } } : {};
  const response = await fetch(url, { signal, redirect, cache: "no-store", credentials: "omit", ...range }).catch(
    (error: unknown) => {
      if (isCancelled(error)) throw error;
      throw new Passing(new AppError("download-failed", `${url}: ${thrownText(error)}`));
    },
  );
  if (response.type === "opaqueredirect")
    throw new AppError("redirect-unchecked", `${url} leads to another address, and no policy was sent for this worker`);
  // All of it is there, or what is there is longer than the file.
  if (response.status === 416 && sink.at > 0) {
    await response.body?.cancel();
    await sink.restart("", expected.bytes);
    throw new Passing(new AppError("download-failed", `${url}: ${sink.at} bytes are not in the file`));
  }
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
  await readAll(response, expected, form.limitOf(name), sink, tell);
  const file = await sink.judge();
  if (expected.integrity !== undefined && file.integrity !== expected.integrity) {
    await sink.restart("", expected.bytes);
    throw new AppError("download-corrupt", `${url}: SHA-256 is not the published ${expected.integrity}`);
  }
  if (expected.integrity === undefined || name === form.suspect) sink.check(name);
  return file;
}

/** What the server says the file is: what changes with it. */
const sourceOf = ({ headers }: Response) => headers.get("etag") ?? headers.get("last-modified") ?? "";

/** Which bytes a server sends of a file, where it sends a part of it: the first one, and how many the whole has. Source: RFC 9110, 14.4 */
function partOf({ status, headers }: Response): { from: number; size: number } | undefined {
  if (status !== 206) return undefined;
  const [, from, size] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get("content-range") ?? "") ?? [];
  return from === undefined ? undefined : { from: Number(from), size: Number(size) };
}

async function readAll(
  response: Response,
  { bytes: expected, integrity }: ExpectedFile,
  limit: number,
  sink: Sink,
  tell: () => void,
): Promise<void> {
  const { headers, url } = response;
  const type = headers.get("content-type") ?? "";
  // The length is that of what is sent, and another origin does not tell whether that is compressed.
  const sent = Number(headers.get("content-length") ?? NaN);
  const part = partOf(response);
  const stated = headers.has("content-encoding") || response.type === "cors" ? NaN : (part?.size ?? sent);
  const reader = response.body!.getReader();
  const refuse = async (what: string, code: "download-corrupt" | "source-page" = "download-corrupt") => {
    await reader.cancel();
    return new AppError(code, `${url}: ${what} (${type})`);
  };
  if (isWebPage(type)) throw await refuse("a web page, not a file of a model", "source-page");
  if (expected !== undefined && !Number.isNaN(stated) && stated !== expected)
    throw await refuse(`${stated} bytes, not ${expected}`);
  // Where a server does not say what the file is, only its hash can tell that both parts are of one.
  const same = sourceOf(response) === sink.source && (sink.source !== "" || integrity !== undefined);
  const goesOn = part?.from === sink.at && sink.at > 0 && same;
  if (!goesOn) {
    const asked = sink.at > 0;
    await sink.restart(sourceOf(response), expected);
    tell();
    // A part of another file is of no use: the whole is asked for.
    if (asked && response.status === 206) {
      await reader.cancel();
      throw new Passing(new AppError("download-failed", `${url}: the file has changed`));
    }
  }
  const before = sink.at;
  const most = expected ?? limit;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (sink.came + value.length > most) throw await refuse(`longer than ${most} bytes`);
      await sink.write(value);
      tell();
    }
  } catch (error) {
    if (error instanceof AppError || isCancelled(error)) throw error;
    throw new Passing(new AppError("download-failed", `${url}: ${thrownText(error)} after ${sink.came} bytes`));
  }
  if (expected === undefined || sink.came === expected) return;
  if (sink.came - before === sent) throw await refuse(`${sink.came} bytes, not ${expected}`);
  throw new Passing(new AppError("download-failed", `${url}: ended after ${sink.came} of ${expected} bytes`));
}
