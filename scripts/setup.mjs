// What `npm start` and `npm test` need, and how it gets there on a machine that has only Node.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";

const LEAST_NODE = [20, 19];

/** Ends the process with a message that says what to do. */
function fail(message) {
  console.error(`\n${message}`);
  process.exit(1);
}

/** Runs a command with its output shown; ends the process when it fails. `title`: undefined to say nothing. */
export function step(title, command, args, env = {}) {
  if (title !== undefined) console.log(`\n== ${title}`);
  const { status, error, signal } = spawnSync(command, args, {
    stdio: "inherit",
    env: { ...process.env, ...env },
    shell: process.platform === "win32",
  });
  if (error) fail(`${command} could not be started: ${error.message}`);
  if (signal === "SIGINT") process.exit(130);
  if (status !== 0) fail(`${title ?? command}: failed (see above).`);
}

export function needNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1])) return;
  fail(
    `Islet needs Node ${LEAST_NODE.join(".")} or newer; this is ${process.versions.node}. Get it from https://nodejs.org.`,
  );
}

/** Installs the npm packages when there are none, or when package-lock.json is newer than they are. */
export function needPackages() {
  const mark = "node_modules/.package-lock.json";
  if (existsSync(mark) && statSync(mark).mtimeMs >= statSync("package-lock.json").mtimeMs) return;
  step("Installing packages", "npm", ["ci", "--no-audit", "--no-fund"]);
}

/** The browser the tests use: one that ISLET_CHROMIUM names, else the system's. Undefined: Playwright's own. */
export function chromiumPath() {
  const named = process.env.ISLET_CHROMIUM;
  if (named) return named;
  return ["/usr/bin/chromium"].find((path) => existsSync(path));
}

const onDebianAsRoot = () => existsSync("/etc/debian_version") && process.getuid?.() === 0;

function apt(title, packages) {
  step("Updating the package lists", "apt-get", ["update", "-qq"]);
  step(title, "apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages], {
    DEBIAN_FRONTEND: "noninteractive",
  });
}

/** On Debian as root, Chromium by apt; elsewhere Playwright's own browser. */
export function needChromium() {
  if (chromiumPath()) return;
  // Noto CJK draws the Japanese texts that the tests and pictures look at.
  if (onDebianAsRoot()) apt("Installing Chromium", ["chromium", "fonts-noto-cjk"]);
  else step("Installing Playwright's Chromium", "npx", ["playwright", "install", "chromium"]);
}

/** In CI on Debian as root, the servers of docs/deploy.md, whose tests fail there without them. Elsewhere nobody is given a server unasked. */
export function needServers() {
  if (!process.env.CI || !onDebianAsRoot()) return;
  const files = { "nginx-light": "/usr/sbin/nginx", caddy: "/usr/bin/caddy", openssl: "/usr/bin/openssl" };
  const missing = Object.keys(files).filter((name) => !existsSync(files[name]));
  if (missing.length > 0) apt("Installing servers", missing);
}
