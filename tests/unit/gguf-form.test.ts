// @vitest-environment node
// What the store knows of models as GGUF: which of given files are one, and that nothing is kept of what is none.
import "fake-indexeddb/auto";
import { describe, expect, test } from "vitest";
import { isStored, storePart } from "../../src/engine/store/artifact-store";
import { checkParts } from "../../src/engine/store/check";
import { ggufForm, partsOf } from "../../src/engine/store/gguf-form";
import { ggufFile, text, uint32, type FilePlan } from "./gguf-file";

const kept = { form: "gguf", baseUrl: "https://islet.example/models/m/resolve/main/" } as const;
const given = (...paths: string[]) => paths.map((path) => ({ path }));

describe("of given files", () => {
  test("those that lie beside the model are its own", () => {
    const files = ggufForm.gather(given("a/README.md", "a/m-Q4_K_M.gguf", "b/other.txt", "a/islet-model.json"));
    expect(Object.keys(files).sort()).toEqual(["README.md", "islet-model.json", "m-Q4_K_M.gguf"]);
  });

  test("the parts of one model are one, in their order", () => {
    expect(partsOf(["m-00002-of-00002.gguf", "x.txt", "m-00001-of-00002.gguf"])).toEqual([
      "m-00001-of-00002.gguf",
      "m-00002-of-00002.gguf",
    ]);
  });

  test.each([
    ["none", []],
    ["none that is a model", ["a.txt"]],
    ["two models", ["a.gguf", "b.gguf"]],
    ["some parts alone", ["m-00001-of-00003.gguf", "m-00002-of-00003.gguf"]],
  ])("%s are no model", (_, names) => {
    expect(() => partsOf(names)).toThrow(expect.objectContaining({ code: "model-invalid" }));
  });
});

describe("what is kept", () => {
  const keys: FilePlan["metadata"] = [
    ["general.architecture", text("llama")],
    ["llama.block_count", uint32(1)],
    ["llama.embedding_length", uint32(32)],
    ["llama.context_length", uint32(512)],
    ["llama.feed_forward_length", uint32(32)],
    ["llama.attention.head_count", uint32(1)],
  ];
  const tensors = [{ name: "token_embd.weight", shape: [32, 3] }];
  const keep = (file: Blob) => storePart(kept, "m.gguf", file, { parts: 1, size: file.size });

  test("is a model by its header", async () => {
    await keep(ggufFile({ metadata: keys, tensors }));
    await checkParts(kept, ["m.gguf"]);
    expect(await isStored(kept, "m.gguf")).toBe(true);
  });

  test.each<[string, Blob]>([
    ["no such file", new Blob(["<html>no</html>"])],
    [
      "a kind that llama.cpp has no code for",
      ggufFile({ metadata: [["general.architecture", text("mystery")]], tensors }),
    ],
    ["a file without weights", ggufFile({ metadata: keys, tensors: [] })],
  ])("%s is not", async (_, file) => {
    await keep(file);
    await expect(checkParts(kept, ["m.gguf"])).rejects.toMatchObject({ code: "model-invalid" });
    expect(await isStored(kept, "m.gguf")).toBe(false);
  });
});
