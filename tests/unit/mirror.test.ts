// @vitest-environment node
import { spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

const source = "public/models/islet-tiny/resolve/main";
let server: Server;
let origin = "";
let asked: string[] = [];
/** Answers for one path, in turn; the file itself when there is none left. */
let faults: Record<string, number[]> = {};
/** A file of which one byte comes wrong. */
let altered = "";

beforeAll(async () => {
  server = createServer((request, response) => {
    const name = request.url!.slice(1);
    asked.push(name);
    const fault = faults[name]?.shift();
    if (fault === 200) response.writeHead(200, { "content-type": "text/html" }).end("<title>log in</title>");
    else if (fault) response.writeHead(fault).end();
    else
      try {
        const bytes = readFileSync(join(source, name));
        if (name === altered) bytes[100]! ^= 1;
        response.end(bytes);
      } catch {
        response.writeHead(404).end();
      }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const mirror = (...args: string[]) =>
  new Promise<{ code: number | null; text: string }>((resolve) => {
    const child = spawn("node", ["scripts/mirror.mjs", ...args]);
    let text = "";
    child.stdout.on("data", (data: Buffer) => (text += data.toString()));
    child.stderr.on("data", (data: Buffer) => (text += data.toString()));
    child.on("close", (code) => resolve({ code, text }));
  });

describe("npm run mirror", { timeout: 60_000 }, () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "islet-mirror-test-"));
    asked = [];
    faults = {};
  });
  const inside = (name: string) => join(folder, "my-model", "resolve", "main", name);
  const make = () => mirror("my-model", folder, "--from", `${origin}/`);

  test("copies a model with its hashes, and finds every kind of tampering", async () => {
    faults = { "tokenizer.json": [503, 500] };
    expect(await make()).toMatchObject({ code: 0 });
    expect(asked.filter((name) => name === "tokenizer.json")).toHaveLength(3);
    const { id, files } = JSON.parse(readFileSync(inside("islet-model.json"), "utf8")) as Record<string, object>;
    expect(id).toBe("my-model");
    expect(files).toEqual(
      (JSON.parse(readFileSync(join(source, "islet-model.json"), "utf8")) as { files: object }).files,
    );
    expect(await mirror("--verify", folder)).toMatchObject({ code: 0 });

    const whole = readFileSync(inside("tokenizer.json"));
    writeFileSync(inside("tokenizer.json"), Buffer.from(whole.map((byte, i) => (i === 9 ? byte ^ 1 : byte))));
    expect(await mirror("--verify", folder)).toMatchObject({
      code: 1,
      text: expect.stringMatching(/tokenizer\.json: not the recorded/) as string,
    });
    appendFileSync(inside("tokenizer.json"), "x");
    expect((await mirror("--verify", folder)).text).toMatch(/tokenizer\.json: \d+ bytes, not/);
    rmSync(inside("tokenizer.json"));
    expect((await mirror("--verify", folder)).text).toMatch(/tokenizer\.json: missing/);
    writeFileSync(inside("tokenizer.json"), whole);
    writeFileSync(inside("more.bin"), "x");
    expect((await mirror("--verify", folder)).text).toMatch(/more\.bin: not in islet-model\.json/);
    rmSync(inside("islet-model.json"));
    expect((await mirror("--verify", folder)).text).toMatch(/islet-model\.json: missing, so the copy was not finished/);
  });

  test("goes on where it stood, and writes no hashes before all files are there", async () => {
    faults = { "params_shard_0.bin": [200, 200, 200, 200] };
    const failed = await make();
    expect(failed).toMatchObject({ code: 1, text: expect.stringMatching(/params_shard_0\.bin: a web page/) as string });
    expect(await mirror("--verify", folder)).toMatchObject({ code: 1 });
    asked = [];
    expect(await make()).toMatchObject({ code: 0 });
    expect(asked).toEqual(["params_shard_0.bin", "islet-model.json"]);
  });

  test("holds the files to the hashes that their source states", async () => {
    altered = "params_shard_0.bin";
    expect(await make()).toMatchObject({
      code: 1,
      text: expect.stringMatching(/params_shard_0\.bin: not the file that .*islet-model\.json states/) as string,
    });
    altered = "";
    asked = [];
    expect(await make()).toMatchObject({ code: 0 });
    expect(asked).toContain("params_shard_0.bin");
  });

  test("takes the library from where --library says", async () => {
    const library = `${origin}/library.wasm`;
    const folderOnly = mkdtempSync(join(tmpdir(), "islet-mirror-library-"));
    // Only the library comes from the other address.
    const other = createServer((request, response) =>
      response.end(readFileSync(join(source, request.url!.slice(1).replace("other.wasm", "library.wasm")))),
    );
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const elsewhere = `http://127.0.0.1:${(other.address() as AddressInfo).port}/other.wasm`;
    expect(await mirror("my-model", folderOnly, "--from", origin, "--library", elsewhere)).toMatchObject({ code: 0 });
    await new Promise((resolve) => other.close(resolve));
    expect(asked).toContain("params_shard_0.bin");
    expect(asked.map((name) => `${origin}/${name}`)).not.toContain(library);
    expect(await mirror("--verify", folderOnly)).toMatchObject({ code: 0 });
  });

  test("says how it is called, and refuses what it does not know", async () => {
    const { code, text } = await mirror("--help");
    expect(code).toBe(0);
    for (const option of ["--from", "--library", "--verify", "--list"]) expect(text).toContain(option);
    expect(await mirror("my-model", folder, "--form", origin)).toMatchObject({
      code: 2,
      text: expect.stringMatching(/Unknown option '--form'[^]*Usage/) as string,
    });
  });

  test("lists the models of WebLLM, and says what is wrong with what it is asked", async () => {
    expect((await mirror("--list")).text.split("\n")).toContain("Qwen3-0.6B-q4f16_1-MLC");
    expect(await mirror("no-such-model", folder)).toMatchObject({
      code: 1,
      text: expect.stringMatching(/not in WebLLM's list/) as string,
    });
    expect(await mirror()).toMatchObject({ code: 2, text: expect.stringMatching(/^Usage/) as string });
    expect(await mirror("--verify", folder)).toMatchObject({
      code: 1,
      text: expect.stringMatching(/no model/) as string,
    });
  });
});
