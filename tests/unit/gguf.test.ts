// @vitest-environment node
// Headers of GGUF files: right ones are read whole, and of wrong ones it is said what is wrong, in little time and memory; what a model is and how
// much memory it takes follows from its header.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ByteSource } from "../../src/engine/gguf/gguf-bytes";
import { LARGEST_HEADER, readHeader, type GgufHeader } from "../../src/engine/gguf/gguf-header";
import { joinParts, splitOf } from "../../src/engine/gguf/gguf-parts";
import { tensorType, valueTypes } from "../../src/engine/gguf/gguf-types";
import { AppError } from "../../src/platform/app-error";
import {
  Bytes,
  ggufFile,
  ggufHeader,
  numbers,
  text,
  texts,
  uint32,
  type FilePlan,
  type FileTensor,
  type FileValue,
} from "./gguf-file";

const runs = { numRuns: 200, seed: Number(process.env["ISLET_SEED"] ?? 20261125) };
const SLOW = 60_000;

/** A file that counts what is asked of it, and may say that it is larger than it is. */
function counted(bytes: Uint8Array, size = bytes.length): ByteSource & { asked: number } {
  return {
    size,
    asked: 0,
    async read(start, end) {
      this.asked += end - start;
      const part = new Uint8Array(end - start);
      part.set(bytes.subarray(start, end));
      return part;
    },
  };
}

/** What is said of a file that is refused. Fails where it is not refused, or with anything but AppError "model-invalid". */
async function refusal(file: Blob | ByteSource): Promise<string> {
  const error: unknown = await readHeader(file).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(AppError);
  expect((error as AppError).code).toBe("model-invalid");
  return (error as AppError).detail;
}

const tensor = (name: string, ...shape: number[]): FileTensor => ({ name, shape });
const plain: FilePlan = {
  metadata: [
    ["general.architecture", text("llama")],
    ["general.languages", texts(["en", "日本"])],
  ],
  tensors: [tensor("a", 32, 4), { name: "b", shape: [32, 2], type: 2 }, tensor("c", 7)],
};

describe("a header", () => {
  test("is read whole: all types of metadata, and where each tensor lies", async () => {
    const metadata: [string, FileValue][] = [
      ["u8", { type: "uint8", value: 255 }],
      ["i8", { type: "int8", value: -1 }],
      ["u16", { type: "uint16", value: 65_535 }],
      ["i16", { type: "int16", value: -2 }],
      ["u32", { type: "uint32", value: 4_294_967_295 }],
      ["i32", { type: "int32", value: -3 }],
      ["f32", { type: "float32", value: 0.5 }],
      ["bool", { type: "boolean", value: true }],
      ["text", text("été")],
      ["u64", { type: "uint64", value: 2n ** 40n }],
      ["u64-large", { type: "uint64", value: 2n ** 63n }],
      ["i64", { type: "int64", value: -5n }],
      ["f64", { type: "float64", value: 1e300 }],
      ["list", numbers(1, 2, 3)],
      ["tokenizer.ggml.tokens", texts(["a", "b"])],
      ["general.alignment", uint32(64)],
    ];
    const header = await readHeader(ggufFile({ ...plain, metadata, alignment: 64 }));
    expect(Object.fromEntries(header.metadata)).toEqual({
      ...{ u8: 255, i8: -1, u16: 65_535, i16: -2, u32: 4_294_967_295, i32: -3, f32: 0.5, bool: true, text: "été" },
      ...{ u64: 2 ** 40, "u64-large": 2n ** 63n, i64: -5, f64: 1e300 },
      list: { type: "uint32", count: 3, values: [1, 2, 3] },
      "tokenizer.ggml.tokens": { type: "text", count: 2, values: [] },
      "general.alignment": 64,
    });
    expect(header.dataStart % 64).toBe(0);
    const at = header.dataStart;
    expect(header.tensors).toEqual([
      { name: "a", shape: [32, 4], type: "F32", weights: 128, start: at, bytes: 512 },
      { name: "b", shape: [32, 2], type: "Q4_0", weights: 64, start: at + 512, bytes: 36 },
      { name: "c", shape: [7], type: "F32", weights: 7, start: at + 576, bytes: 28 },
    ]);
    expect(header.bytes).toBe(at + 576 + 64);
  });

  test("of version 2 is read as one of version 3", async () => {
    expect((await readHeader(ggufFile({ ...plain, version: 2 }))).version).toBe(2);
  });

  test("with a large vocabulary is read piece by piece, and its words are not kept", async () => {
    const words = Array.from({ length: 200_000 }, (_, i) => `word ${i} é`);
    const { header, data } = ggufHeader({ metadata: [["tokenizer.ggml.tokens", texts(words)]] });
    const file = counted(header, header.length + data + 5e9);
    const read = await readHeader(file);
    expect(read.metadata.get("tokenizer.ggml.tokens")).toEqual({ type: "text", count: 200_000, values: [] });
    expect(file.asked).toBeLessThan(header.length + 2 ** 20 + 1);
  }, 20_000);

  test("passes a long list of numbers without reading it", async () => {
    const key = "tokenizer.ggml.scores";
    const scores: FileValue = { type: "array", items: "float32", values: new Array<number>(4_000_000).fill(1) };
    const { header } = ggufHeader({
      metadata: [
        [key, scores],
        ["last", uint32(7)],
      ],
    });
    const file = counted(header);
    const { metadata } = await readHeader(file);
    expect([metadata.get(key), metadata.get("last")]).toEqual([{ type: "float32", count: 4_000_000, values: [] }, 7]);
    expect(file.asked).toBeLessThan(3 * 2 ** 20);
  }, 20_000);

  test("keeps the length alone of a text that is too long to be shown", async () => {
    const { metadata } = await readHeader(ggufFile({ metadata: [["long", text("ä".repeat(2 ** 20))]] }));
    expect(metadata.get("long")).toEqual({ type: "text", count: 2 ** 21, values: [] });
  });

  test("is not read on when a person ends it", async () => {
    const ended = AbortSignal.abort();
    await expect(readHeader(ggufFile(plain), ended)).rejects.toMatchObject({ name: "AbortError" });
  });
});

const raw = (...bytes: number[]) => new Uint8Array(bytes);
const huge = 2n ** 63n;
const key = (value: FileValue): FilePlan => ({ metadata: [["k", value]] });
const length = (bytes: bigint | number) => new Bytes().number("uint64", bytes).toUint8Array();
const list = (items: number, count: bigint | number) =>
  new Bytes().number("uint32", items).number("uint64", count).toUint8Array();
const one = (shape: (number | bigint)[], more: Partial<FileTensor> = {}): FilePlan => ({
  tensors: [{ name: "t", shape, ...more }],
  data: 4096,
});
const two = (first: Partial<FileTensor>, second: Partial<FileTensor>): FilePlan => ({
  tensors: [
    { ...tensor("a", 32), ...first },
    { ...tensor("b", 32), ...second },
  ],
  data: 4096,
});
const alignedBy = (value: FileValue): FilePlan => ({ metadata: [["general.alignment", value]] });

/** What is wrong, the file, and what is said of it. */
const hostile: [what: string, plan: FilePlan, said: RegExp][] = [
  ["another magic", { magic: "GGUX" }, /begins with "GGUX"/],
  ["a page of a server in its place", { magic: "<!do" }, /begins with "<!do"/],
  ["the forerunner of the format", { magic: "tjgg" }, /forerunner/],
  ["version 0", { version: 0 }, /version 0/],
  ["version 1", { version: 1 }, /version 1 .* no longer/],
  ["version 4", { version: 4 }, /version 4 /],
  ["big-endian order", { version: 3 << 24 }, /big-endian/],
  ["2^63 keys", { keyCount: huge }, /2\^53 or more keys/],
  ["2^64 - 1 keys", { keyCount: 2n ** 64n - 1n }, /2\^53 or more keys/],
  ["a million keys", { keyCount: 1e6 }, /1000000 keys/],
  ["more keys than there are bytes", { keyCount: 4000 }, /the file ends/],
  ["2^63 tensors", { tensorCount: huge }, /2\^53 or more tensors/],
  ["a billion tensors", { tensorCount: 1e9 }, /1000000000 tensors/],
  ["more tensors than there are bytes", { tensorCount: 100_000 }, /the file ends/],
  ["one key too many", { ...plain, tensors: [], keyCount: 3 }, /key 2|file ends/],
  [
    "a key of 2^63 bytes",
    { keyCount: 1, tail: new Bytes().raw(length(huge)).raw(new Uint8Array(99)).toUint8Array() },
    /key 0 at byte 32 takes 2\^53 or more bytes/,
  ],
  ["an empty key", { metadata: [["", uint32(1)]] }, /key 0 is empty/],
  ["a key of 70,000 bytes", { metadata: [["k".repeat(70_000), uint32(1)]] }, /key 0 has 70000 bytes/],
  ["a key that is not UTF-8", { metadata: [[raw(0x6b, 0xff), uint32(1)]] }, /key 0 is not UTF-8/],
  [
    "a key twice",
    {
      metadata: [
        ["k", uint32(1)],
        ["k", uint32(1)],
      ],
    },
    /"k" stands twice/,
  ],
  ["a value of type 13", key({ type: "raw", code: 13, bytes: raw(0) }), /type 13/],
  ["a value of type 2^32 - 1", key({ type: "raw", code: 2 ** 32 - 1, bytes: raw(0) }), /type 4294967295/],
  ["a boolean of 2", key({ type: "raw", code: 7, bytes: raw(2) }), /boolean of 2/],
  ["a text of 2^63 bytes", key({ type: "raw", code: 8, bytes: length(huge) }), /2\^53 or more bytes/],
  ["a text longer than the file", key({ type: "raw", code: 8, bytes: length(1e6) }), /the file ends/],
  ["a text that is not UTF-8", key(text(raw(0xc3, 0x28))), /"k" is not UTF-8/],
  ["a text with half a letter in the end", key(text(raw(0x61, 0xe6, 0x97))), /"k" is not UTF-8/],
  ["a surrogate in UTF-8", key(text(raw(0xed, 0xa0, 0x80))), /"k" is not UTF-8/],
  ["a long text that is not UTF-8", key(text(new Uint8Array(3 << 20).fill(0xe6))), /"k" is not UTF-8/],
  ["a list of 2^63 numbers", key({ type: "raw", code: 9, bytes: list(4, huge) }), /list of 2\^53 or more values/],
  ["a list of 2^61 numbers", key({ type: "raw", code: 9, bytes: list(10, 2n ** 61n) }), /list of 2\^53 or more values/],
  ["a list longer than the file", key({ type: "raw", code: 9, bytes: list(4, 1e6) }), /the file ends/],
  ["a list of 2^40 texts", key({ type: "raw", code: 9, bytes: list(8, 2n ** 40n) }), /the file ends/],
  ["a list of type 99", key({ type: "raw", code: 9, bytes: list(99, 1) }), /each item of "k" is of type 99/],
  ["a list of lists", key({ type: "raw", code: 9, bytes: list(9, 1) }), /list of lists/],
  [
    "a list of lists of lists, a thousand deep",
    key({ type: "raw", code: 9, bytes: new Uint8Array(12_000).fill(9) }),
    /type 151587081/,
  ],
  [
    "a list with a boolean of 3",
    key({ type: "array", items: "boolean", values: [1, 3] }),
    /item 1 of "k" is a boolean of 3/,
  ],
  [
    "a token that is not UTF-8",
    { metadata: [["tokenizer.ggml.tokens", texts(["a", raw(0xff)])]] },
    /item 1 of "tokenizer.ggml.tokens" is not UTF-8/,
  ],
  [
    "a language that is not UTF-8",
    { metadata: [["general.languages", texts([raw(0x80)])]] },
    /item 0 of "general.languages"/,
  ],
  ["a token of 2 MB", { metadata: [["tokenizer.ggml.tokens", texts(["a".repeat(2e6)])]] }, /has 2000000 bytes/],
  [
    "a token of 2^63 bytes",
    key({ type: "raw", code: 9, bytes: new Bytes().raw(list(8, 1)).raw(length(huge)).toUint8Array() }),
    /item 0 of "k".*2\^53 or more bytes/,
  ],
  ["an alignment of nothing", alignedBy(uint32(0)), /alignment/],
  ["an alignment of 1", alignedBy(uint32(1)), /alignment/],
  ["an alignment of 48", alignedBy(uint32(48)), /alignment is "48"/],
  ["an alignment of 2^31", alignedBy(uint32(2 ** 31)), /alignment/],
  ["an alignment that is text", alignedBy(text("32")), /alignment/],
  ["an alignment that is no number", alignedBy({ type: "float32", value: NaN }), /alignment/],
  ["an alignment that is a list", alignedBy(numbers(32)), /alignment/],
  ["a name of 64 letters", { tensors: [tensor("n".repeat(64), 32)] }, /name of tensor 0 has 64 bytes/],
  ["a name that is not UTF-8", { tensors: [{ name: raw(0xfe), shape: [32] }] }, /name of tensor 0 is not UTF-8/],
  [
    "a name of 2^63 bytes",
    { tensorCount: 1, tail: new Bytes().raw(length(huge)).raw(new Uint8Array(99)).toUint8Array() },
    /name of tensor 0 at byte 32 takes 2\^53 or more/,
  ],
  ["two tensors of one name", { tensors: [tensor("t", 32), tensor("t", 32)] }, /"t" stands twice/],
  ["a tensor of five sides", one([1, 1, 1, 1, 1]), /5 sizes/],
  ["a tensor with a side of nothing", one([32, 0]), /size of 0 for its side 1/],
  ["a tensor with a side of 2^63", one([huge]), /size of 2\^53 or more for its side 0/],
  ["a tensor whose sides are 2^96 together", one([2 ** 24, 2 ** 24, 2 ** 24, 2 ** 24]), /"t" has a size/],
  ["a tensor larger than any file", one([2 ** 20, 2 ** 32], { type: 28 }), /more bytes than any file|ends at byte/],
  ["a tensor of type 4, which was withdrawn", one([32], { type: 4 }), /type 4,/],
  ["a tensor of type 2^32 - 1", one([32], { type: 2 ** 32 - 1 }), /type 4294967295/],
  ["rows that its type cannot pack", one([100], { type: 12 }), /rows of 100 weights, which Q4_K packs by 256/],
  ["a tensor that is misaligned", one([32], { offset: 8 }), /byte 8, no multiple of 32/],
  ["a tensor at 2^63", one([32], { offset: huge }), /byte 2\^53 or more/],
  ["a tensor behind the end of the file", one([32], { offset: 2 ** 40 }), /ends at byte \d+, but the file at/],
  ["a tensor that leaves the file", { tensors: [tensor("t", 1024)], data: 4095 }, /ends at byte \d+, but the file at/],
  ["two tensors that overlap", two({}, { offset: 32 }), /"b" begins at byte 32, within the one before/],
  ["two tensors at one place", two({}, { offset: 0 }), /within the one before/],
  ["a gap between tensors", two({}, { offset: 256 }), /nothing between it and byte 128/],
  ["tensors in another order than in the file", two({ offset: 128 }, { offset: 0 }), /nothing between it and byte 0/],
];

describe("a hostile header", () => {
  test("comes in at least forty kinds", () => {
    expect(hostile.length).toBeGreaterThanOrEqual(40);
    expect(new Set(hostile.map(([what]) => what)).size).toBe(hostile.length);
  });

  test.each(hostile)("with %s is refused, and it is said why", async (_, plan, said) => {
    const file = ggufFile(plan);
    const began = performance.now();
    expect(await refusal(file)).toMatch(said);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  test(
    "that is cut off anywhere is refused",
    async () => {
      const { header, data } = ggufHeader(plain);
      for (let length = 0; length < header.length + data - 32; length++) {
        const cut = new Uint8Array(header.length + data).subarray(0, length);
        cut.set(header.subarray(0, length));
        expect(await refusal(new Blob([cut])), `${length} bytes`).toMatch(/GGUF: /);
      }
    },
    SLOW,
  );

  test("of 500 MB is refused without reading it", async () => {
    const size = 600e6;
    const start = (value: FileValue) => ggufHeader({ metadata: [["tokenizer.ggml.tokens", value]] }).header;
    for (const bytes of [length(500e6), list(8, 62e6), list(4, 125e6)]) {
      const file = counted(start({ type: "raw", code: bytes.length === 8 ? 8 : 9, bytes }), size);
      expect(await refusal(file)).toMatch(/larger than 67108864 bytes/);
      expect(file.asked).toBeLessThanOrEqual(2 ** 20);
    }
  });

  test(
    "of eight million empty texts is passed in bounded time, and read no further than a header goes",
    async () => {
      // The most that fit into a header: lengths of nothing, since all that follows is zeros. The next key then is empty.
      const { header } = ggufHeader({
        metadata: [["k", { type: "raw", code: 9, bytes: list(8, 8_000_000) }]],
        keyCount: 9,
      });
      const file = counted(header, 600e6);
      const began = performance.now();
      expect(await refusal(file)).toMatch(/key 1 is empty/);
      expect(performance.now() - began).toBeLessThan(20_000);
      expect(file.asked).toBeLessThanOrEqual(LARGEST_HEADER);
    },
    SLOW,
  );

  test("from a source that gives less than it says is refused", async () => {
    const { header } = ggufHeader(plain);
    const file = { size: header.length + 4096, read: async () => header.subarray(0, 100) };
    expect(await refusal(file)).toMatch(/gave 100 bytes/);
  });
});

describe("any header", () => {
  const name = fc.string({ minLength: 1, maxLength: 12, unit: "binary" });
  const scalar = fc.oneof(
    fc.nat(255).map((value): FileValue => ({ type: "uint8", value })),
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map((value): FileValue => ({ type: "int32", value })),
    fc.boolean().map((value): FileValue => ({ type: "boolean", value })),
    fc.double({ noNaN: true }).map((value): FileValue => ({ type: "float64", value })),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value): FileValue => ({ type: "uint64", value })),
    fc.string({ unit: "binary", maxLength: 40 }).map(text),
    fc.array(fc.string({ unit: "binary", maxLength: 8 }), { maxLength: 20 }).map(texts),
    fc.array(fc.nat(), { maxLength: 20 }).map((all) => numbers(...all)),
  );
  const types = Array.from({ length: 44 }, (_, i) => i).filter(tensorType);
  const tensors = fc.uniqueArray(
    fc.record({ name, type: fc.constantFrom(...types), rows: fc.nat(4), blocks: fc.nat(3) }),
    { selector: (each) => each.name, maxLength: 8 },
  );
  const plans = fc.record({
    version: fc.constantFrom(2, 3),
    metadata: fc.uniqueArray(fc.tuple(name, scalar), { selector: ([its]) => its, maxLength: 10 }),
    tensors: tensors.map((all) =>
      all.map(({ name, type, rows, blocks }) => ({
        name,
        type,
        shape: [(blocks + 1) * tensorType(type)!.block, rows + 1],
      })),
    ),
  });

  test(
    "that is right is read as it was written",
    async () => {
      await fc.assert(
        fc.asyncProperty(plans, async (plan) => {
          const header = await readHeader(ggufFile(plan));
          expect([...header.metadata.keys()]).toEqual(plan.metadata.map(([its]) => its));
          for (const [its, value] of plan.metadata) {
            const read = header.metadata.get(its);
            if (value.type === "array") expect(read).toMatchObject({ count: value.values.length });
            else if (value.type === "uint64") expect(BigInt(read as bigint)).toBe(value.value);
            else if (value.type !== "raw") expect(read).toBe(value.value);
          }
          expect(header.tensors.map(({ name, shape }) => ({ name, shape }))).toEqual(
            plan.tensors.map(({ name, shape }) => ({ name, shape })),
          );
          const places = header.tensors.map(({ start, bytes }) => [start, start + bytes]);
          places.forEach(([start], i) => expect(start).toBeGreaterThanOrEqual(places[i - 1]?.[1] ?? header.dataStart));
        }),
        runs,
      );
    },
    SLOW,
  );

  test(
    "that is damaged is read or refused, and nothing else happens",
    async () => {
      const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
      let refused = 0;
      await fc.assert(
        fc.asyncProperty(plans, changes, fc.option(fc.nat()), async (plan, damage, cut) => {
          const { header, data } = ggufHeader(plan);
          const bytes = new Uint8Array(header.length + data);
          bytes.set(header);
          for (const [at, value] of damage) bytes[at % header.length] = value;
          const file = new Blob([cut === null ? bytes : bytes.subarray(0, cut % bytes.length)]);
          const outcome: unknown = await readHeader(file).catch((error: unknown) => error);
          if (outcome instanceof AppError) refused += 1;
          else expect(outcome).toMatchObject({ version: expect.any(Number) as number });
          if (outcome instanceof AppError) expect(outcome.code).toBe("model-invalid");
        }),
        { ...runs, numRuns: 1000 },
      );
      expect(refused).toBeGreaterThan(500);
    },
    SLOW,
  );

  test(
    "of any bytes behind the right beginning is refused",
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.nat(3), fc.nat(3), async (rest, keys, tensors) => {
          const start = new Bytes().raw(new TextEncoder().encode("GGUF")).number("uint32", 3);
          start.number("uint64", tensors).number("uint64", keys).raw(rest);
          if (tensors + keys > 0) expect(await refusal(new Blob([start.toUint8Array()]))).toMatch(/^GGUF: /);
        }),
        { ...runs, numRuns: 1000 },
      );
    },
    SLOW,
  );
});

describe("the parts of a split model", () => {
  const part = (index: number, count: number, names: string[], stated = 3, more: FilePlan["metadata"] = []) =>
    readHeader(
      ggufFile({
        metadata: [
          ...more,
          ["split.no", { type: "uint16", value: index }],
          ["split.count", { type: "uint16", value: count }],
          ["split.tensors.count", { type: "int32", value: stated }],
        ],
        tensors: names.map((name) => tensor(name, 32)),
      }),
    );
  const llama: FilePlan["metadata"] = [["general.architecture", text("llama")]];
  const join = async (...headers: Promise<GgufHeader>[]) => {
    const read = await Promise.all(headers);
    return () => joinParts(read);
  };

  test("are one model, in whatever order they come", async () => {
    const joined = (await join(part(1, 2, ["c"]), part(0, 2, ["a", "b"], 3, llama)))();
    expect(joined.tensors.map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect(joined.metadata.get("general.architecture")).toBe("llama");
    expect(joined.parts.map(splitOf)).toEqual([0, 1].map((index) => ({ index, count: 2, tensors: 3 })));
    expect(joined.bytes).toBe(joined.parts[0]!.bytes + joined.parts[1]!.bytes);
  });

  test("are none where one file is the whole model", async () => {
    const header = await readHeader(ggufFile(plain));
    expect(joinParts([header])).toEqual({
      ...header,
      parts: [header],
      version: undefined,
      dataStart: undefined,
      alignment: undefined,
    });
    expect(joinParts([await part(0, 1, ["a"], 1)]).tensors).toHaveLength(1);
  });

  test.each<[string, () => Promise<() => unknown>, RegExp]>([
    ["nothing", () => join(), /no file/],
    ["a part missing", () => join(part(0, 3, ["a"]), part(2, 3, ["c"])), /part 2 of 3 is missing/],
    ["one part alone", () => join(part(0, 2, ["a"])), /part 2 of 2 is missing/],
    ["a part twice", () => join(part(0, 2, ["a"]), part(0, 2, ["a"])), /part 1 of 2 is there twice/],
    ["different numbers of files", () => join(part(0, 2, ["a"]), part(1, 3, ["b"])), /disagree/],
    ["different numbers of tensors", () => join(part(0, 2, ["a"], 2), part(1, 2, ["b"], 3)), /disagree/],
    ["fewer tensors than stated", () => join(part(0, 2, ["a"]), part(1, 2, ["b"])), /2 tensors where 3/],
    ["more tensors than stated", () => join(part(0, 2, ["a", "b"]), part(1, 2, ["c", "d"])), /4 tensors where 3/],
    ["a tensor in two parts", () => join(part(0, 2, ["a", "b"]), part(1, 2, ["b"])), /"b" stands in two parts/],
    [
      "another architecture",
      () => join(part(0, 2, ["a", "b"], 3, llama), part(1, 2, ["c"], 3, [["general.architecture", text("qwen2")]])),
      /"qwen2", part 1 of "llama"/,
    ],
    ["a number beyond its count", () => join(part(2, 2, ["a"])), /split.no is "2"/],
    [
      "a whole model among them",
      () => join(part(0, 2, ["a", "b"]), readHeader(ggufFile(plain))),
      /file 2 of 2 is a whole model/,
    ],
    ["two whole models", () => join(readHeader(ggufFile(plain)), readHeader(ggufFile(plain))), /whole model/],
    ["a count of 60,000", () => join(part(0, 60_000, ["a"])), /split.count/],
  ])("that have %s are refused", async (_, of, said) => {
    const joined = await of();
    expect(joined).toThrow(AppError);
    expect(joined).toThrow(said);
  });
});

test("types of metadata have the numbers that the format gives them", () => {
  const names = "uint8 int8 uint16 int16 uint32 int32 float32 boolean text array uint64 int64 float64";
  expect(valueTypes.map(([its]) => its).join(" ")).toBe(names);
});
