// @vitest-environment node
// A file from a model host: what each refusal is called, and that a file that was sent compressed is the file all the same.
import { afterEach, describe, expect, test, vi } from "vitest";
import { fetchFile, MemorySink } from "../../src/engine/store/fetch-file";
import { mlcForm } from "../../src/engine/store/mlc-form";
import { en } from "../../src/i18n/en";
import { folderAddress } from "../../src/models/add-models";
import type { ErrorCode } from "../../src/platform/app-error";

const host = "https://huggingface.co";
const url = `${host}/owner/name/resolve/main/params_shard_0.bin`;

afterEach(() => vi.unstubAllGlobals());

function bring(response: Response, type: ResponseType, bytes: number) {
  Object.defineProperty(response, "type", { value: type });
  vi.stubGlobal("location", { origin: "https://islet.example" });
  const ask = vi.fn(() => Promise.resolve(response));
  vi.stubGlobal("fetch", ask);
  const file = fetchFile(url, "params_shard_0.bin", { bytes }, {
    ...{ network: { modelHosts: [host], mirror: null }, held: true, signal: new AbortController().signal },
    ...{ form: mlcForm, onBytes() {}, onRetry() {} },
  }, new MemorySink(mlcForm)); // prettier-ignore
  return { file, ask };
}

describe("a host that does not hand a file out", () => {
  test.each<[number, ErrorCode]>([
    [401, "source-gated"],
    [403, "source-gated"],
    [404, "source-missing"],
    [410, "source-removed"],
    [451, "source-illegal"],
    [400, "source-refused"],
  ])("with %d: %s, which says nothing of a connection", async (status, code) => {
    const { file, ask } = bring(new Response("", { status }), "cors", 4);
    await expect(file).rejects.toMatchObject({ code, detail: `${url}: HTTP ${status}` });
    expect(ask).toHaveBeenCalledTimes(1);
    const words = `${en[`error.${code}.title` as "error.source-page.title"]} ${en[`error.${code}.remedy` as "error.source-page.remedy"]}`;
    expect(words).not.toMatch(/connection/i);
  });

  test("but a proxy's page", async () => {
    const page = new Response("<html>", { headers: { "content-type": "text/html; charset=utf-8" } });
    await expect(bring(page, "cors", 6).file).rejects.toMatchObject({ code: "source-page" });
  });
});

describe("the length that is stated", () => {
  const sent = (length: number, body = "four") => new Response(body, { headers: { "content-length": String(length) } });

  test("by another origin may be that of what was compressed", async () => {
    expect((await bring(sent(2), "cors", 4).file).bytes).toBe(4);
  });

  test("by this one is that of the file, and another file is not read", async () => {
    await expect(bring(sent(2), "basic", 4).file).rejects.toMatchObject({ code: "download-corrupt" });
  });

  test("by another origin, where that is all that came, is that of another file", async () => {
    await expect(bring(sent(3, "thr"), "cors", 4).file).rejects.toMatchObject({ code: "download-corrupt" });
  });
});

describe("the address of a model", () => {
  const folder = `${host}/owner/name/resolve/main/`;
  test.each([
    ["owner/name", folder],
    [`${host}/owner/name`, folder],
    [`${host}/owner/name/`, folder],
    [`${host}/owner/name/tree/main`, folder],
    [` ${host}/owner/name/tree/main/ `, folder],
    [`${host}/owner/name/blob/main/mlc-chat-config.json`, folder],
    [`${host}/owner/name/resolve/main/params_shard_0.bin?download=true`, folder],
    [`${host}/owner/name/resolve/main/`, folder],
    [`${host}/owner/name/tree/v1.2/q4/sub`, `${host}/owner/name/resolve/v1.2/q4/sub/`],
    [`${host}/owner/name/blob/main/q4/a.json`, `${host}/owner/name/resolve/main/q4/`],
    ["https://mirror.example/models/x", "https://mirror.example/models/x/"],
  ])("%s", (text, address) => expect(folderAddress(text)).toBe(address));

  test.each(["", "name", "owner/name/extra", "ftp://x/y", "https://"])("%j is none", (text) => {
    expect(() => folderAddress(text)).toThrow(/address-invalid/);
  });
});
