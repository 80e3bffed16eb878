// The headers of a server are those of the policy that it hands out, written by one command, and the documented configurations, taken out of
// docs/deploy.md, work as they stand: in the real nginx and Caddy, at the root and below a path.
import { createHash } from "node:crypto";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { get, type IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contentSecurityPolicy, headersFile, readPolicy, responseHeaders } from "../../src/trust/rules/policy";
import rules from "../../src/trust/rules/policy.json" with { type: "json" };
import { documented, nginxFrame, there, withoutTls } from "../documented";

const own = readPolicy({ ...rules, network: { modelHosts: ["https://models.example"], mirror: null } });
const wanted = responseHeaders(own);
const folder = mkdtempSync(join(tmpdir(), "islet-headers-"));
const dist = join(folder, "dist");

/** Bytes of each file whose size matters: enough to be worth compressing. */
const SIZE = 10_000;
const filling = "x".repeat(SIZE);

/** npm's banner is printed as well, since nobody is to have to leave it out. */
const npm = (...args: string[]) => execFileSync("npm", ["run", ...args], { encoding: "utf8", stdio: "pipe" });

beforeAll(() => {
  // As a build lies there, without its weight.
  for (const name of ["assets", "icons", "../mirror/m/resolve/main"]) mkdirSync(join(dist, name), { recursive: true });
  const tag = (policy: typeof own) => contentSecurityPolicy(policy, "page").replaceAll("'", "&#39;");
  const page = `<meta http-equiv="Content-Security-Policy" content="${tag(readPolicy(rules))}"><title>Islet</title><!-- ${filling} -->`;
  for (const [name, text] of Object.entries({
    "index.html": page,
    "assets/store-worker-x.js": filling,
    "assets/page-x.css": filling,
    "icons/icon.svg": filling,
    "manifest.webmanifest": JSON.stringify({ name: filling }),
    "../mirror/m/resolve/main/library.wasm": filling,
    "../mirror/m/resolve/main/tokenizer.json": JSON.stringify({ filling }),
    "../mirror/m/resolve/main/params_shard_0.bin": filling,
    "policy.json": JSON.stringify(rules),
    _headers: headersFile(readPolicy(rules)),
    "build.json": JSON.stringify({ name: "islet", version: "0", commit: "", policy: "", files: {} }),
  }))
    writeFileSync(join(dist, name), text);
  // What `npm run policy` finds to replace in the service worker are the digests of the page.
  const digest = (algorithm: string, form: "hex" | "base64") => createHash(algorithm).update(page).digest(form);
  writeFileSync(join(dist, "service-worker.js"), `// ${digest("md5", "hex")} ${digest("sha256", "base64")} ${filling}`);
  writeFileSync(join(folder, "mine.json"), JSON.stringify(own));
});

describe("npm run headers", { timeout: 60_000 }, () => {
  test("writes the headers of the policy that lies in the folder, beside it, and says what to do next", () => {
    npm("policy", "--", join(folder, "mine.json"), dist);
    const said = npm("headers", "--", "nginx", dist);
    expect(said).toContain(`Written: ${join(folder, "headers.conf")}`);
    expect(said).toContain("nginx -s reload");
    const lines = readFileSync(join(folder, "headers.conf"), "utf8").trimEnd().split("\n");
    expect(lines.length).toBe(Object.keys(wanted).length);
    for (const line of lines) expect(line).toMatch(/^add_header [\w-]+ ".*" always;$/);
    expect(lines[0]).toContain("connect-src 'self' https://models.example;");
  });

  test("leaves a file of the same name that is not its own as it is", () => {
    const other = join(folder, "headers.txt");
    writeFileSync(other, "Content-Security-Policy: default-src 'self'\n");
    expect(npm("policy", "--", join(folder, "mine.json"), dist)).not.toContain(other);
    expect(readFileSync(other, "utf8")).toBe("Content-Security-Policy: default-src 'self'\n");
  });

  test("writes the same where they are wanted, in the form of each server", () => {
    for (const [server, form] of [
      ["nginx", /^add_header (\S+) (".*") always;$/],
      ["caddy", /^header (\S+) (".*")$/],
      ["apache", /^Header always set (\S+) (".*")$/],
      ["plain", /^(\S+): (.*)$/],
    ] as const) {
      const file = join(folder, `own-${server}`);
      npm("headers", "--", server, dist, file);
      const lines = readFileSync(file, "utf8").trimEnd().split("\n");
      const found = lines.map((line) => form.exec(line)!.slice(1) as [string, string]);
      const value = (text: string) => (server === "plain" ? text : (JSON.parse(text) as string));
      expect(Object.fromEntries(found.map(([name, text]) => [name, value(text)]))).toEqual(wanted);
    }
  }, 60_000);

  test("are written anew when the folder gets another policy", () => {
    writeFileSync(join(folder, "none.json"), JSON.stringify({ ...rules, network: { modelHosts: [], mirror: null } }));
    const said = npm("policy", "--", join(folder, "none.json"), dist);
    expect(said).toContain(`Written anew: ${join(folder, "headers.conf")}`);
    expect(readFileSync(join(folder, "headers.conf"), "utf8")).toContain("connect-src 'self';");
    npm("policy", "--", join(folder, "mine.json"), dist);
    expect(readFileSync(join(folder, "headers.conf"), "utf8")).toContain("https://models.example");
  });

  test("changes each file of the folder in one step, so that nobody reads half of one", () => {
    const names = ["policy.json", "_headers", "index.html", "service-worker.js"];
    // What a server has begun to send.
    const begun = names.map((name) => ({
      file: openSync(join(dist, name), "r"),
      text: readFileSync(join(dist, name), "utf8"),
    }));
    npm("policy", "--", join(folder, "none.json"), dist);
    for (const { file, text } of begun) expect(readFileSync(file, "utf8")).toBe(text);
    expect(readFileSync(join(dist, "policy.json"), "utf8")).not.toBe(begun[0]!.text);
    expect(readdirSync(dist).filter((name) => name.endsWith(".part"))).toEqual([]);
    npm("policy", "--", join(folder, "mine.json"), dist);
    for (const { file } of begun) closeSync(file);
  });

  test("says when the policy was changed by hand, and refuses what is no build or no policy", () => {
    const other = join(folder, "by-hand");
    cpSync(dist, join(other, "dist"), { recursive: true });
    writeFileSync(join(other, "dist/policy.json"), JSON.stringify(rules));
    expect(npm("headers", "--", "plain", join(other, "dist"))).toContain("was changed by hand since the page was made");
    writeFileSync(join(other, "dist/policy.json"), "{");
    expect(() => npm("headers", "--", "plain", join(other, "dist"))).toThrow(/is not a policy/);
    expect(() => npm("headers", "--", "plain", folder)).toThrow(/is no build of Islet/);
    expect(() => npm("headers", "--", "iis")).toThrow(/Usage/);
    expect(() => npm("headers", "--", "nginx", dist, "a", "b")).toThrow(/Usage/);
    expect(() => npm("policy")).toThrow(/Usage/);
    expect(() => npm("policy", "--", "mine.json", "--folder", dist)).toThrow(/Unknown option '--folder'/);
  });

  test("and `npm run policy` say how they are called", () => {
    expect(npm("headers", "--", "--help")).toMatch(/nginx\|caddy\|apache\|plain \[FOLDER\] \[FILE\]/);
    expect(npm("policy", "--", "--help")).toMatch(/FILE \[FOLDER\]/);
  });
});

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: number;
}
/** Asks as a browser does, for the bytes as they come. */
const ask = (address: string, headers: Record<string, string> = {}) =>
  new Promise<Answer>((resolve, reject) => {
    const asked = get(address, { headers: { "accept-encoding": "gzip, deflate, br, zstd", ...headers } }, (answer) => {
      let bytes = 0;
      answer.on("data", (data: Buffer) => (bytes += data.length));
      answer.on("end", () => resolve({ status: answer.statusCode!, headers: answer.headers, bytes }));
    });
    asked.on("error", reject);
  });

/** What every server must hand out, below `base`. */
async function expectAnswers(base: string): Promise<void> {
  for (const [path, type] of [
    ["", /^text\/html/],
    ["index.html", /^text\/html/],
    ["assets/store-worker-x.js", /javascript/],
    ["assets/page-x.css", /^text\/css/],
    ["service-worker.js", /javascript/],
    ["policy.json", /^application\/json/],
    ["manifest.webmanifest", /^application\/manifest\+json/],
    ["icons/icon.svg", /^image\/svg\+xml/],
    ["mirror/m/resolve/main/library.wasm", /^application\/wasm/],
    ["mirror/m/resolve/main/tokenizer.json", /^application\/json/],
    ["mirror/m/resolve/main/params_shard_0.bin", /^application\/octet-stream/],
  ] as const) {
    const { status, headers, bytes } = await ask(base + path);
    expect(status, path).toBe(200);
    for (const [name, value] of Object.entries(wanted)) expect(headers[name.toLowerCase()], path + name).toBe(value);
    expect(headers["content-type"], path).toMatch(type);
    const hashed = path.startsWith("assets/");
    expect(headers["cache-control"], path).toBe(hashed ? "max-age=31536000, immutable" : "no-cache");
    const weights = path.endsWith(".bin");
    expect(headers["content-encoding"] ?? "", path).toMatch(weights ? /^$/ : /^(gzip|zstd)$/);
    if (weights) expect(bytes, path).toBe(SIZE);
    else if (/(js|css|svg|wasm)$/.test(path)) expect(bytes, path).toBeLessThan(SIZE / 2);
    if (headers["content-encoding"]) expect(headers["vary"], path).toMatch(/accept-encoding/i);
  }
  // What has not changed is not sent again.
  const { etag } = (await ask(`${base}index.html`, { "accept-encoding": "identity" })).headers;
  const again = await ask(`${base}index.html`, { "accept-encoding": "identity", "if-none-match": etag! });
  expect(again).toMatchObject({ status: 304, bytes: 0 });
  const part = await ask(`${base}mirror/m/resolve/main/params_shard_0.bin`, { range: "bytes=100-299" });
  expect(part).toMatchObject({ status: 206, bytes: 200, headers: { "content-range": `bytes 100-299/${SIZE}` } });
  // Missing is missing, never the page, and not for a year.
  for (const path of ["missing", "assets/missing.js", "mirror/m/resolve/main/missing.bin"]) {
    const { status, headers } = await ask(base + path);
    expect(status, path).toBe(404);
    expect(headers["cache-control"] ?? "", path).not.toMatch(/immutable/);
  }
}

/** Waits until something answers. */
async function answering(address: string): Promise<void> {
  await expect.poll(() => ask(address).then(() => true, () => false), { timeout: 20_000 }).toBe(true); // prettier-ignore
}

const port = 20_000 + Math.floor(Math.random() * 20_000);
/** Where CI lacks a server, its tests fail; elsewhere they are left out. */
const mayLack = !process.env["CI"];
const expectThere = (path: string, name: string) => expect(path, `${name} is not installed`).not.toBe("");

/** Servers run as nobody in particular, with a folder to write in. */
const scratch = join(folder, "scratch");
const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
const started: ChildProcess[] = [];
function startServer(command: string, args: string[]): void {
  const env = { ...process.env, HOME: scratch, XDG_CONFIG_HOME: scratch, XDG_DATA_HOME: scratch };
  started.push(spawn(command, args, { stdio: "ignore", env, ...nobody }));
}
beforeAll(() => {
  mkdirSync(scratch);
  chmodSync(folder, 0o755);
  if (nobody.uid) chownSync(scratch, nobody.uid, nobody.gid);
});
afterAll(() => started.forEach((child) => child.kill("SIGTERM")));

const nginx = there("nginx");
const openssl = there("openssl");
describe.skipIf(mayLack && !(nginx && openssl))("the documented nginx (needs nginx and openssl)", () => {
  const conf = join(folder, "nginx.conf");
  const first = join(folder, "first");
  // As it was, for the tests that follow.
  afterAll(() => {
    if (!existsSync(first)) return;
    rmSync(dist);
    renameSync(first, dist);
  });

  test("hands out the app at the root and below a path, and takes the configuration as it stands", async () => {
    expectThere(nginx, "nginx");
    expectThere(openssl, "openssl");
    npm("headers", "--", "nginx", dist);
    const [site, below] = documented("nginx", folder);
    // A certificate of this test's own, to have nothing to change but the ports.
    execFileSync(openssl, [
      ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=islet.example.org"],
      ...["-keyout", join(folder, "islet.key"), "-out", join(folder, "islet.pem")],
    ], { stdio: "ignore" }); // prettier-ignore
    const plain = site!.replace(/listen 443 ssl;/, `listen 443 ssl; listen 127.0.0.1:${port};`);
    const mapped = `${plain}\nserver { listen 127.0.0.1:${port + 1}; ${below} }`;
    writeFileSync(conf, nginxFrame(mapped, scratch));
    execFileSync(nginx, ["-t", "-c", conf], { stdio: "pipe" });
    rmSync(join(scratch, "error.log"), { force: true });
    rmSync(join(scratch, "t"), { force: true, recursive: true });
    rmSync(join(scratch, "nginx.pid"), { force: true });
    // Nobody but root may take port 443, or read the key.
    writeFileSync(conf, nginxFrame(withoutTls(mapped), scratch));
    startServer(nginx, ["-c", conf]);
    await answering(`http://127.0.0.1:${port}/`);
    await expectAnswers(`http://127.0.0.1:${port}/`);
    await expectAnswers(`http://127.0.0.1:${port + 1}/app/`);
    const moved = await ask(`http://127.0.0.1:${port + 1}/app`);
    expect(moved).toMatchObject({ status: 301, headers: { location: "/app/" } });
  }, 60_000);

  test("is brought up to date in one step, with the organisation's policy at every moment and its models untouched", async () => {
    const policyOf = (file: string) => readFileSync(file, "utf8");
    const before = policyOf(join(dist, "policy.json"));
    // What the build leaves: the next version, with the next policy.
    const next = readPolicy({ ...rules, network: { modelHosts: [], mirror: "mirror/" } });
    const built = join(folder, "built");
    cpSync(dist, built, { recursive: true });
    writeFileSync(join(folder, "next.json"), JSON.stringify(next));
    npm("policy", "--", join(folder, "next.json"), built);
    renameSync(dist, first);
    symlinkSync(first, dist);
    const [steps] = documented("sh", folder);
    const script = steps!
      .replace(/^ISLET_POLICY.*$/m, "set -e")
      .replace("cp -R dist ", `cp -R ${built} `)
      .replace("nginx -s reload", `${nginx} -c ${conf} -s reload`);
    const seen = new Set<string>();
    const address = `http://127.0.0.1:${port}/policy.json`;
    const updating = spawn("sh", ["-c", script], { stdio: "ignore" });
    const code = new Promise<number | null>((done) => updating.on("close", done));
    let over = false;
    void code.then(() => (over = true));
    while (!over) seen.add(await fetch(address).then((answer) => answer.text()));
    expect(await code).toBe(0);
    expect([...seen].filter((text) => ![before, policyOf(join(built, "policy.json"))].includes(text))).toEqual([]);
    expect(await (await fetch(address)).json()).toEqual(JSON.parse(JSON.stringify(next)));
    const sent = async () => (await ask(address)).headers["content-security-policy"];
    await expect.poll(sent).toBe(responseHeaders(next)["Content-Security-Policy"]);
    const shard = await ask(`http://127.0.0.1:${port}/mirror/m/resolve/main/params_shard_0.bin`);
    expect(shard).toMatchObject({ status: 200, bytes: SIZE });
  }, 60_000);
});

const caddy = there("caddy");
describe.skipIf(mayLack && !caddy)("the documented Caddy (needs caddy)", () => {
  test("hands out the app at the root and below a path", async () => {
    expectThere(caddy, "caddy");
    npm("headers", "--", "caddy", dist);
    for (const [i, site] of documented("caddy", folder).entries()) {
      const at = port + 10 + i;
      const conf = join(folder, `Caddyfile-${i}`);
      writeFileSync(conf, `{\n  admin off\n}\n${site.replace("islet.example.org", `http://127.0.0.1:${at}`)}`);
      startServer(caddy, ["run", "--config", conf, "--adapter", "caddyfile"]);
      await answering(`http://127.0.0.1:${at}/`);
      await expectAnswers(`http://127.0.0.1:${at}/${["", "app/"][i]}`);
      if (i === 1) expect((await ask(`http://127.0.0.1:${at}/app`)).headers["location"]).toBe("/app/");
    }
  }, 60_000);
});

test("`_headers` of a folder is that of its policy", () => {
  expect(existsSync(resolve(dist, "_headers"))).toBe(true);
  expect(readFileSync(join(dist, "_headers"), "utf8")).toBe(headersFile(own));
});
