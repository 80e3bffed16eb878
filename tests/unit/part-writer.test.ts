// @vitest-environment node
// Files that are kept in parts: whatever a server or a tab does while one comes, what is there in the end is the file, and nothing of it is asked for twice
// that was there. Not for: what a form of models makes of it.
import "fake-indexeddb/auto";
import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { isStored, removeFiles, storedBlob, unfinishedFile } from "../../src/engine/store/artifact-store";
import { damagedFiles } from "../../src/engine/store/check";
import { fetchFile } from "../../src/engine/store/fetch-file";
import { ggufForm } from "../../src/engine/store/gguf-form";
import { PART, PartWriter } from "../../src/engine/store/part-writer";

const kept = { form: "gguf", baseUrl: "https://islet.example/models/m/resolve/main/" } as const;
const name = "m.gguf";
const url = `https://host.example/${name}`;
const SIZE = 2 * PART + 12_345;
const contentOf = (seed: number) => {
  const bytes = new Uint8Array(SIZE);
  const words = new Uint32Array(bytes.buffer, 0, SIZE >> 2);
  for (let i = 0, x = seed; i < words.length; i++) words[i] = x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
  return bytes;
};
const [content, other] = [contentOf(1), contentOf(2)];
const integrityOf = (bytes: Uint8Array) => `sha256-${createHash("sha256").update(bytes).digest("base64")}`;
const file = { bytes: SIZE, integrity: integrityOf(content) };

/** How a request is answered: the file as it is then, how many bytes are sent before the line breaks, and what the server makes of a range. */
interface Answer {
  bytes?: Uint8Array;
  breaksAfter?: number;
  ignoresRange?: boolean;
  /** The first byte that is sent, whatever was asked for. */
  from?: number;
  tag?: string;
  status?: number;
}
/** What was asked for: the first byte of each request. */
let asked: number[] = [];

function serve(...answers: Answer[]): void {
  asked = [];
  vi.stubGlobal(
    "fetch",
    async (_url: string, { headers, signal }: { headers?: { range?: string }; signal: AbortSignal }) => {
      const {
        bytes = content,
        breaksAfter = Infinity,
        ignoresRange,
        tag = "a",
        status,
        from,
      } = answers[asked.length] ?? answers.at(-1)!;
      const wanted = Number(/^bytes=(\d+)-$/.exec(headers?.range ?? "")?.[1] ?? 0);
      asked.push(wanted);
      if (status) return new Response("", { status });
      if (wanted > bytes.length) return new Response("", { status: 416 });
      const part = headers?.range !== undefined && !ignoresRange;
      const begin = part ? (from ?? wanted) : 0;
      let at = begin;
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (signal.aborted) return controller.error(signal.reason);
          if (at - begin >= breaksAfter) return controller.error(new TypeError("network error"));
          if (at >= bytes.length) return controller.close();
          const piece = bytes.subarray(at, Math.min(at + 1_000_003, begin + breaksAfter));
          at += piece.length;
          controller.enqueue(piece);
        },
      });
      const range = `bytes ${begin}-${bytes.length - 1}/${bytes.length}`;
      return new Response(body, {
        status: part ? 206 : 200,
        headers: {
          "content-length": String(bytes.length - begin),
          ...(tag ? { etag: tag } : {}),
          ...(part ? { "content-range": range } : {}),
        },
      });
    },
  );
}

async function bring(expected: Partial<typeof file> = file, signal = new AbortController().signal) {
  const parts = await PartWriter.open(kept, name);
  let told = 0;
  const options = {
    ...{ network: { modelHosts: ["https://host.example"], mirror: null }, held: true, signal, form: ggufForm },
    ...{ onBytes: (n: number) => void (told += n), onRetry() {} },
  };
  const came = await fetchFile(url, name, expected, options, parts);
  expect(told).toBe(came.bytes);
  await parts.finish();
  return came;
}

async function isThere(bytes = content): Promise<void> {
  const blob = (await storedBlob(kept, name))!;
  expect(Buffer.from(await blob.arrayBuffer()).equals(bytes)).toBe(true);
  expect(await unfinishedFile(kept, name)).toBeUndefined();
}

beforeEach(async () => {
  vi.stubGlobal("location", { origin: "https://islet.example" });
  vi.stubGlobal("self", globalThis);
  // A second try comes at once.
  vi.spyOn(globalThis, "setTimeout").mockImplementation(((act: () => void) => (queueMicrotask(act), 0)) as never);
  await removeFiles(kept.baseUrl);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe("a download", { timeout: 60_000 }, () => {
  test("comes whole, and is what its hash says", async () => {
    serve({});
    expect(await bring()).toEqual(file);
    await isThere();
    expect(await damagedFiles({ ...kept, id: "m", files: { [name]: file } })).toEqual([]);
  });

  test("that breaks off goes on from the last part that is there, as often as that happens", async () => {
    serve({ breaksAfter: PART + 5 }, { breaksAfter: 7 }, { breaksAfter: PART }, {});
    expect(await bring()).toEqual(file);
    expect(asked).toEqual([0, PART, PART, 2 * PART]);
    await isThere();
  });

  test("goes on in another page where one was killed", async () => {
    serve({ breaksAfter: PART + 5 }, { status: 403 });
    await expect(bring()).rejects.toMatchObject({ code: "source-gated" });
    expect(await isStored(kept, name)).toBe(false);
    serve({});
    expect(await bring()).toEqual(file);
    expect(asked).toEqual([PART]);
    await isThere();
  });

  test("begins anew where the server takes no ranges", async () => {
    serve({ breaksAfter: PART + 5 }, { ignoresRange: true });
    expect(await bring()).toEqual(file);
    expect(asked).toEqual([0, PART]);
    await isThere();
  });

  test("of a file that changed between two ranges is the new one, whole", async () => {
    serve({ breaksAfter: PART + 5 }, { bytes: other, tag: "b" });
    expect(await bring({})).toEqual({ bytes: SIZE, integrity: integrityOf(other) });
    expect(asked).toEqual([0, PART, 0]);
    await isThere(other);
  });

  test("of which the server does not say what it is goes on where there is a hash to hold it to, and else begins anew", async () => {
    serve({ breaksAfter: PART + 5, tag: "" }, { tag: "" }, { tag: "" });
    expect(await bring()).toEqual(file);
    expect(asked).toEqual([0, PART]);
    await removeFiles(kept.baseUrl);
    serve({ breaksAfter: PART + 5, tag: "" }, { tag: "" }, { tag: "" });
    expect(await bring({ bytes: SIZE })).toEqual(file);
    expect(asked).toEqual([0, PART, 0]);
  });

  test("of which another part comes than was asked for begins anew", async () => {
    serve({ breaksAfter: PART + 5 }, { from: PART - 1 }, {});
    expect(await bring()).toEqual(file);
    expect(asked).toEqual([0, PART, 0]);
    await isThere();
  });

  test("of a file that is now shorter than what is there begins anew", async () => {
    const short = content.slice(0, PART - 1);
    serve({ breaksAfter: PART + 5 }, { bytes: short, tag: "b" });
    expect(await bring({})).toEqual({ bytes: short.length, integrity: integrityOf(short) });
    expect(asked).toEqual([0, PART, 0]);
    await isThere(short);
  });

  test("that is longer than was said is not read to its end, and one of other bytes leaves nothing", async () => {
    serve({});
    await expect(bring({ bytes: PART })).rejects.toMatchObject({ code: "download-corrupt" });
    await removeFiles(kept.baseUrl);
    serve({ bytes: other });
    await expect(bring()).rejects.toMatchObject({ code: "download-corrupt" });
    expect([await isStored(kept, name), await unfinishedFile(kept, name)]).toEqual([false, undefined]);
    serve({});
    expect(await bring()).toEqual(file);
    expect(asked).toEqual([0]);
  });

  test("keeps one part in memory at a time", async () => {
    let most = 0;
    const write = PartWriter.prototype.write;
    vi.spyOn(PartWriter.prototype, "write").mockImplementation(async function (this: PartWriter, bytes) {
      await write.call(this, bytes);
      most = Math.max(most, (this as unknown as { waitingBytes: number }).waitingBytes);
    });
    serve({});
    await bring();
    expect(most).toBeLessThan(PART);
    expect(most).toBeGreaterThan(PART / 2);
  });
});

test("a part that is missing or another is found", { timeout: 60_000 }, async () => {
  serve({});
  await bring();
  const source = { ...kept, id: "m", files: { [name]: { bytes: SIZE, integrity: integrityOf(other) } } };
  expect(await damagedFiles(source)).toEqual([name]);
  await removeFiles(kept.baseUrl, [name]);
  expect(await damagedFiles(source)).toEqual([name]);
  expect([await isStored(kept, name), await storedBlob(kept, name)]).toEqual([false, undefined]);
});
