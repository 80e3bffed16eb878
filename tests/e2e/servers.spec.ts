// The app as the documented nginx hands it out, below a path. What each server sends: tests/unit/headers.test.ts.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "playwright/test";
import { documented, nginxFrame, there, withoutTls } from "../documented";
import { App } from "./app";
import { TestServer } from "./server";

const nginx = there("nginx");

class Nginx extends TestServer {
  private child: ChildProcess | undefined;
  private readonly at = 20_000 + Math.floor(Math.random() * 20_000);

  override get url(): string {
    return `http://127.0.0.1:${this.at}/app/`;
  }

  override async start(): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "islet-nginx-"));
    const scratch = join(folder, "scratch");
    mkdirSync(scratch);
    chmodSync(folder, 0o755);
    const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
    if (nobody.uid) chownSync(scratch, nobody.uid, nobody.gid);
    // As an update leaves it: a link. A copy, since nobody else need be able to read this checkout.
    cpSync("dist", join(folder, "dist-1"), { recursive: true });
    symlinkSync("dist-1", join(folder, "dist"));
    execFileSync("node", ["scripts/headers.mjs", "nginx", "dist", join(folder, "headers.conf")], { stdio: "pipe" });
    const [site, below] = documented("nginx", folder);
    const beside = `${site!.slice(0, site!.indexOf("server {"))} server { listen 127.0.0.1:${this.at}; ${below} }`;
    writeFileSync(join(folder, "nginx.conf"), nginxFrame(withoutTls(beside), scratch));
    this.child = spawn(nginx, ["-c", join(folder, "nginx.conf")], { stdio: "ignore", ...nobody });
    await expect.poll(() => fetch(this.url).then(({ status }) => status, () => 0)).toBe(200); // prettier-ignore
  }

  override async stop(): Promise<void> {
    this.child?.kill("SIGTERM");
  }
}

const server = new Nginx();
test.afterAll(() => server.stop());

test("the app works behind the documented nginx, below a path, and goes on without it", async () => {
  test.skip(!nginx && !process.env["CI"], "nginx is not installed");
  expect(nginx, "nginx is not installed").not.toBe("");
  await server.start();
  const app = await App.open({ server });
  await app.page.evaluate(() => navigator.serviceWorker.ready);
  await app.load();
  expect(await app.ask("What is 6 + 7?")).toBe("13");
  await server.stop();
  await app.page.reload();
  expect(await app.ask("What is 5 + 4?")).toBe("9");
  await app.close();
});
