// A mirror of models as an organisation would run it: made by `npm run mirror`, served with a log and with faults that a test puts in
// the way, and a build of the app whose policy names it. The model in it is the small test model, cut into several shards, under
// the name of one of WebLLM's list.
import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "vite";
import rules from "../../src/trust/rules/policy.json" with { type: "json" };
import { models } from "./app";
import type { Fault } from "./server";

const PORT = 4299;
export const mirrorOrigin = `http://127.0.0.1:${PORT}`;

/** The build that the app picks of it on an adapter without half precision. */
export const mirrored = { id: "TinyLlama-1.1B-Chat-v0.4-q4f32_1-MLC", name: "TinyLlama 1.1B v0.4" } as const;
export const SHARDS = 6;
export const shardName = (i: number) => `params_shard_${i}.bin`;

interface Shard {
  dataPath: string;
  nbytes: number;
  md5sum: string;
  records: { byteOffset: number; nbytes: number }[];
}

/** Writes the small test model with its weights in `SHARDS` files, and its list of weights not as JSON.stringify would. */
function reshard(folder: string): void {
  const source = `public/models/${models.tiny.id}/resolve/main`;
  mkdirSync(folder, { recursive: true });
  for (const name of ["mlc-chat-config.json", "tokenizer.json", "library.wasm"])
    copyFileSync(join(source, name), join(folder, name));
  const list = JSON.parse(readFileSync(join(source, "tensor-cache.json"), "utf8")) as { records: Shard[] };
  const weights = readFileSync(join(source, "params_shard_0.bin"));
  const tensors = list.records[0]!.records;
  const most = Math.ceil(tensors.length / SHARDS);
  list.records = Array.from({ length: SHARDS }, (_, i) => {
    const own = tensors.slice(i * most, (i + 1) * most);
    const start = own[0]!.byteOffset;
    const end = own.at(-1)!.byteOffset + own.at(-1)!.nbytes;
    const bytes = weights.subarray(start, end);
    writeFileSync(join(folder, shardName(i)), bytes);
    return {
      dataPath: shardName(i),
      format: "raw-shard",
      nbytes: bytes.length,
      records: own.map((t) => ({ ...t, byteOffset: t.byteOffset - start })),
      md5sum: createHash("md5").update(bytes).digest("hex"),
    };
  });
  writeFileSync(join(folder, "tensor-cache.json"), JSON.stringify(list, null, 2));
}

export class Mirror {
  /** Paths of all requests, in order. */
  requests: string[] = [];
  fault: Fault | undefined;
  /** What is served: `models/` as it was published, `mirror/` as `npm run mirror` made it. */
  readonly folder = mkdtempSync(join(tmpdir(), "islet-mirror-"));
  /** The folder of a build of the app whose policy names this mirror. */
  readonly app = join(this.folder, "app");
  private server: Server | undefined;

  /** Starts serving, has the mirror made, and builds the app. */
  async start(): Promise<void> {
    reshard(join(this.folder, "models", "tiny"));
    this.server = createServer((request, response) => this.serve(request, response));
    await new Promise<void>((resolve) => this.server!.listen(PORT, "127.0.0.1", resolve));
    // Asynchronously, since this process is the server it asks.
    await new Promise<void>((resolve, reject) =>
      execFile(
        "node",
        ["scripts/mirror.mjs", mirrored.id, join(this.folder, "mirror"), "--from", `${mirrorOrigin}/models/tiny`],
        (error) => (error ? reject(error) : resolve()),
      ),
    );
    execFileSync("node", ["scripts/mirror.mjs", "--verify", join(this.folder, "mirror")]);
    const policy = join(this.folder, "policy.json");
    const network = { modelHosts: [mirrorOrigin], mirror: `${mirrorOrigin}/mirror/` };
    writeFileSync(policy, JSON.stringify({ ...rules, network }));
    // For the build, and for the headers of the server that a test starts for it.
    process.env["ISLET_POLICY"] = policy;
    await build({ logLevel: "error", build: { outDir: this.app, emptyOutDir: true } });
    this.reset();
  }

  reset(): void {
    this.requests = [];
    this.fault = undefined;
  }

  async stop(): Promise<void> {
    delete process.env["ISLET_POLICY"];
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve) ?? resolve(undefined));
  }

  /** How often a file of the mirrored model was asked for. */
  asked(name: string): number {
    return this.requests.filter((path) => path.endsWith(`/${name}`)).length;
  }

  /** The bytes of a file of the mirrored model. */
  bytes(name: string): Buffer {
    return readFileSync(join(this.folder, "mirror", mirrored.id, "resolve", "main", name));
  }

  private serve(request: IncomingMessage, response: ServerResponse): void {
    const path = new URL(request.url!, mirrorOrigin).pathname;
    this.requests.push(path);
    response.setHeader("access-control-allow-origin", "*");
    response.setHeader("access-control-expose-headers", "retry-after");
    if (this.fault?.(path, request, response)) return;
    const file = join(this.folder, path);
    if (!existsSync(file) || !statSync(file).isFile()) response.writeHead(404).end();
    else response.writeHead(200, { "content-length": statSync(file).size }).end(readFileSync(file));
  }
}
