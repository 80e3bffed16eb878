// The headers of a server are those of the policy that it hands out, written by one command, and the documented configurations work as they stand.
import { createHash } from "node:crypto";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contentSecurityPolicy, headersFile, readPolicy, responseHeaders } from "../../src/trust/policy";
import rules from "../../src/trust/policy.json" with { type: "json" };

const own = readPolicy({ ...rules, network: { modelHosts: ["https://models.example"], mirror: null } });
const wanted = responseHeaders(own);
const folder = mkdtempSync(join(tmpdir(), "islet-headers-"));
const dist = join(folder, "dist");

/** npm's banner is printed as well, since nobody is to have to leave it out. */
const npm = (...args: string[]) => execFileSync("npm", ["run", ...args], { encoding: "utf8", stdio: "pipe" });

beforeAll(() => {
  // As a build lies there, without its weight.
  mkdirSync(join(dist, "assets"), { recursive: true });
  const tag = (policy: typeof own) => contentSecurityPolicy(policy, "page").replaceAll("'", "&#39;");
  const page = `<meta http-equiv="Content-Security-Policy" content="${tag(readPolicy(rules))}"><title>Islet</title>`;
  for (const [name, text] of Object.entries({
    "index.html": page,
    "assets/store-worker-x.js": "",
    "manifest.webmanifest": "{}",
    "policy.json": JSON.stringify(rules),
    _headers: headersFile(readPolicy(rules)),
    "build.json": JSON.stringify({ name: "islet", version: "0", commit: "", policy: "", files: {} }),
  }))
    writeFileSync(join(dist, name), text);
  // What `npm run policy` finds to replace in the service worker are the digests of the page.
  const digest = (algorithm: string, form: "hex" | "base64") => createHash(algorithm).update(page).digest(form);
  writeFileSync(join(dist, "service-worker.js"), `// ${digest("md5", "hex")} ${digest("sha256", "base64")}`);
  writeFileSync(join(folder, "mine.json"), JSON.stringify(own));
});

describe("npm run headers", () => {
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

  test("says when the policy was changed by hand, and refuses what is no build or no policy", () => {
    const other = join(folder, "by-hand");
    cpSync(dist, join(other, "dist"), { recursive: true });
    writeFileSync(join(other, "dist/policy.json"), JSON.stringify(rules));
    expect(npm("headers", "--", "plain", join(other, "dist"))).toContain("was changed by hand since the page was made");
    writeFileSync(join(other, "dist/policy.json"), "{");
    expect(() => npm("headers", "--", "plain", join(other, "dist"))).toThrow(/is not a policy/);
    expect(() => npm("headers", "--", "plain", folder)).toThrow(/is no build of Islet/);
    expect(() => npm("headers", "--", "iis")).toThrow(/Usage/);
  });
});

/** The code blocks of docs/deploy.md in this form, with the paths of this test. */
function documented(language: string): string[] {
  const text = readFileSync("docs/deploy.md", "utf8");
  return [...text.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, "g"))].map(([, code]) =>
    code!.replaceAll("/srv/islet/", `${folder}/`).replaceAll("/etc/ssl/", `${folder}/`),
  );
}

/** What every server must hand out, below `base`. */
async function expectHeaders(base: string): Promise<void> {
  const paths = ["", "index.html", "assets/store-worker-x.js", "service-worker.js", "policy.json", "missing"];
  for (const path of paths) {
    const response = await fetch(base + path);
    expect(response.status, path).toBe(path === "missing" ? 404 : 200);
    // Caddy writes an error before the headers of its site come to it.
    if (path === "missing") continue;
    for (const [name, value] of Object.entries(wanted)) expect(response.headers.get(name), path + name).toBe(value);
    const fresh = !path.startsWith("assets/");
    expect(response.headers.get("cache-control"), path).toBe(fresh ? "no-cache" : null);
    if (path.endsWith(".js")) expect(response.headers.get("content-type")).toMatch(/javascript/);
  }
  expect((await fetch(`${base}manifest.webmanifest`)).headers.get("content-type")).toMatch(/manifest\+json/);
}

/** Waits until something answers. */
async function answering(address: string): Promise<void> {
  await expect.poll(() => fetch(address).then(() => true, () => false), { timeout: 20_000 }).toBe(true); // prettier-ignore
}

const port = 20_000 + Math.floor(Math.random() * 20_000);
const there = (command: string) => {
  try {
    return execFileSync("sh", ["-c", `PATH="$PATH:/usr/sbin" command -v ${command}`], { encoding: "utf8" }).trim();
  } catch {
    return "";
  }
};

const nginx = there("nginx");
const openssl = there("openssl");
describe.skipIf(!nginx || !openssl)("the documented nginx", () => {
  const conf = join(folder, "nginx.conf");
  const started: ChildProcess[] = [];
  afterAll(() => started.forEach((child) => child.kill("SIGTERM")));

  test("sends them from the root and below a path, and takes the configuration as it stands", async () => {
    npm("headers", "--", "nginx", dist);
    const [site, below] = documented("nginx");
    // A certificate of this test's own, to have nothing to change but the ports.
    execFileSync(openssl, [
      ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=islet.example.org"],
      ...["-keyout", join(folder, "islet.key"), "-out", join(folder, "islet.pem")],
    ], { stdio: "ignore" }); // prettier-ignore
    const plain = site!.replace(/listen 443 ssl;/, `listen 443 ssl; listen 127.0.0.1:${port};`);
    const frame = (content: string) => `
      pid ${folder}/nginx.pid; error_log ${folder}/error.log; daemon off; ${process.getuid?.() === 0 ? "user root;" : ""}
      events {}
      http { access_log off; ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((n) => `${n}_temp_path ${folder}/t;`).join(" ")}
      include /etc/nginx/mime.types; ${content.replaceAll("include mime.types", "include /etc/nginx/mime.types")} }`;
    const mapped = `${plain}\nserver { listen 127.0.0.1:${port + 1}; ${below} }`;
    writeFileSync(conf, frame(mapped));
    execFileSync(nginx, ["-t", "-c", conf], { stdio: "pipe" });
    // Nobody but root may take port 443.
    writeFileSync(conf, frame(mapped.replace("listen 443 ssl;", "")));
    started.push(spawn(nginx, ["-c", conf], { stdio: "ignore" }));
    await answering(`http://127.0.0.1:${port}/`);
    await expectHeaders(`http://127.0.0.1:${port}/`);
    await expectHeaders(`http://127.0.0.1:${port + 1}/app/`);
    const moved = await fetch(`http://127.0.0.1:${port + 1}/app`, { redirect: "manual" });
    expect(moved.headers.get("location")).toMatch(/\/app\/$/);
  }, 60_000);
});

const caddy = there("caddy");
describe.skipIf(!caddy)("the documented Caddy", () => {
  const started: ChildProcess[] = [];
  afterAll(() => started.forEach((child) => child.kill("SIGTERM")));

  test("sends them from the root and below a path", async () => {
    npm("headers", "--", "caddy", dist);
    for (const [i, site] of documented("caddy").entries()) {
      const at = port + 10 + i;
      const conf = join(folder, `Caddyfile-${i}`);
      writeFileSync(conf, `{\n  admin off\n}\n${site.replace("islet.example.org", `http://127.0.0.1:${at}`)}`);
      const env = { ...process.env, HOME: folder };
      started.push(spawn(caddy, ["run", "--config", conf, "--adapter", "caddyfile"], { stdio: "ignore", env }));
      await answering(`http://127.0.0.1:${at}/`);
      await expectHeaders(`http://127.0.0.1:${at}/${["", "app/"][i]}`);
    }
  }, 60_000);
});

test("`_headers` of a folder is that of its policy", () => {
  expect(existsSync(resolve(dist, "_headers"))).toBe(true);
  expect(readFileSync(join(dist, "_headers"), "utf8")).toBe(headersFile(own));
});
