// A deployment can be compared with a build of one's own: by the recipe that the app shows, from a clean clone.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { buildRecipe } from "../../src/trust/build-recipe";
import rules from "../../src/trust/rules/policy.json" with { type: "json" };

const project = resolve(".");
const folder = mkdtempSync(join(tmpdir(), "islet-recipe-"));
const deployment = join(folder, "deployment");

/** Runs commands as a person types them, in `cwd`, and gives what they print. The environment is not that of the tests. */
function shell(commands: readonly string[], cwd: string, env: Record<string, string> = {}): string {
  const { PATH, HOME } = process.env as Record<string, string>;
  return execFileSync("sh", ["-ec", commands.join("\n")], {
    cwd,
    env: { PATH: PATH!, HOME: HOME!, ...env },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** A clean clone. The weights, which a build only copies, are left out, and the packages are those that are here. */
const clone = (name: string) => [
  `git clone --quiet --shared --no-checkout "${project}" ${name}`,
  `cd ${name}`,
  `git sparse-checkout set --no-cone '/*' '!*.bin' '!*.wasm'`,
];
const packages = `ln -s "${project}/node_modules" node_modules`;

const commit = (() => {
  try {
    return execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "";
  }
})();

describe.skipIf(commit === "")("a build that is compared", () => {
  beforeAll(() => {
    shell([...clone("deployment"), `git checkout --quiet ${commit}`, packages], folder);
    const policy = { ...rules, issuer: { name: "The firm" }, network: { modelHosts: [], mirror: "mirror/" } };
    writeFileSync(join(deployment, "policy.json"), JSON.stringify(policy));
    shell(["npm run --silent build -- --logLevel error"], deployment, { ISLET_POLICY: "policy.json" });
  }, 120_000);

  const record = () => JSON.parse(readFileSync(join(deployment, "dist/build.json"), "utf8")) as Record<string, string>;

  test("names the commit as it is when a policy lies beside the sources", () => {
    expect(record()).toMatchObject({
      name: "islet",
      commit,
      policy: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
  });

  test("is made again by the recipe that the app shows, from a clean clone, byte for byte", () => {
    const base = pathToFileURL(join(deployment, "dist/")).href;
    const [getting, ...others] = buildRecipe({ repository: "https://git.example/islet", commit, base });
    expect(getting).toBe("git clone https://git.example/islet islet && cd islet");
    const commands = [...clone("islet"), ...others.map((line) => (line === "npm ci" ? packages : line))];
    expect(commands).toContain(packages);
    const said = shell(commands, folder);
    const [own, theirs] = ["islet", deployment].map((name) => readFileSync(resolve(folder, name, "dist/build.json")));
    expect(own!.toString()).toBe(theirs!.toString());
    expect(said.trim().split("\n").at(-1)).toContain(createHash("sha256").update(theirs!).digest("hex"));
  }, 120_000);

  test("is marked when a file of the commit was changed", () => {
    const named = () =>
      shell(
        [`node -e 'import("./scripts/build-record.mjs").then((m) => console.log(m.commitOf()))'`],
        deployment,
      ).trim();
    expect(named()).toBe(commit);
    appendFileSync(join(deployment, "README.md"), "\n");
    expect(named()).toBe(`${commit}+`);
    shell(["git checkout --quiet README.md"], deployment);
    symlinkSync("README.md", join(deployment, "src", "new.md"));
    expect(named()).toBe(commit);
    shell(["git add src/new.md"], deployment);
    expect(named()).toBe(`${commit}+`);
  });
});
