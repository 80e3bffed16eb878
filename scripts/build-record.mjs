// What a build says of itself: sbom.json, the packages whose code is in it (CycloneDX), and build.json, the hash of every file. For the
// build (vite.config.ts). The same sources give the same bytes: nothing here depends on the time or the place.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";

/**
 * The commit that is built, "" where that cannot be told; with "+" where files of it were changed since. A file that git does not know, such as
 * the policy of a deployment, changes no commit; one that gets into a build shows in its hashes.
 */
export function commitOf() {
  const git = (...args) => execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    return git("rev-parse", "HEAD") + (git("status", "--porcelain", "--untracked-files=no") === "" ? "" : "+");
  } catch {
    return "";
  }
}

/** The folder of the package that a module belongs to; undefined for a module of the app. */
function packageFolder(id) {
  const path = id.replace(/^\0+/, "").replace(/[?#].*$/, "");
  if (!path.includes(`node_modules${sep}`)) return undefined;
  for (let folder = dirname(path); folder.includes("node_modules"); folder = dirname(folder)) {
    const file = join(folder, "package.json");
    // Some packages have nameless ones inside, which only say what kind of modules they are.
    const { name, version } = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
    if (name && version) return folder;
  }
  return undefined;
}

/** CycloneDX 1.5, without the serial number and the time that would make each build another. */
function billOfMaterials(folders, { name, version }) {
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8")).packages;
  const components = [...folders].map((folder) => {
    const { name, version, license, description } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    // As the lock file writes it, wherever the packages lie.
    const locked =
      lock[
        folder
          .slice(folder.indexOf(`node_modules${sep}`))
          .split(sep)
          .join("/")
      ];
    const [algorithm, digest] = locked?.integrity?.split("-") ?? [];
    return {
      type: "library",
      "bom-ref": `${name}@${version}`,
      name,
      version,
      ...(description ? { description } : {}),
      purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
      ...(license
        ? { licenses: [/[ ()]/.test(license) ? { expression: license } : { license: { id: license } }] }
        : {}),
      ...(digest
        ? {
            hashes: [{ alg: algorithm.replace("sha", "SHA-"), content: Buffer.from(digest, "base64").toString("hex") }],
          }
        : {}),
    };
  });
  components.sort((a, b) => (a["bom-ref"] < b["bom-ref"] ? -1 : 1));
  const component = { type: "application", "bom-ref": `${name}@${version}`, name, version };
  return { bomFormat: "CycloneDX", specVersion: "1.5", version: 1, metadata: { component }, components };
}

function* filesIn(folder) {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* filesIn(path);
    else yield path;
  }
}

/**
 * Writes build.json: what the build is, the digest of the policy that its page was made with, and the hash of every file. policy.json itself is
 * left out, since an administrator may narrow it by hand.
 * @param {string} out
 * @param {{ name: string, version: string, commit: string, policy: string }} about
 */
export function writeHashes(out, { name, version, commit, policy }) {
  const files = {};
  for (const path of filesIn(out)) {
    const file = relative(out, path).split(sep).join("/");
    if (file !== "build.json" && file !== "policy.json")
      files[file] = createHash("sha256").update(readFileSync(path)).digest("hex");
  }
  writeFileSync(join(out, "build.json"), JSON.stringify({ name, version, commit, policy, files }, null, 1) + "\n");
}

/**
 * `collect()` is for each of the builds that make up the app (page, workers, service worker); `record` comes last among the plugins.
 * @param {{ name: string, version: string, commit: string, policy: string }} about
 */
export function buildRecord(about) {
  /** Shared: the builds of workers end before that of the page. */
  const folders = new Set();
  const collect = () => ({
    name: "islet-collect-packages",
    generateBundle(_options, bundle) {
      for (const chunk of Object.values(bundle))
        for (const id of chunk.type === "chunk" ? Object.keys(chunk.modules) : []) {
          const folder = packageFolder(id);
          if (folder) folders.add(folder);
        }
    },
  });
  let out = "dist";
  const record = {
    name: "islet-build-record",
    apply: "build",
    enforce: "post",
    configResolved: (config) => void (out = resolve(config.root, config.build.outDir)),
    closeBundle: {
      order: "post",
      sequential: true,
      handler() {
        writeFileSync(join(out, "sbom.json"), JSON.stringify(billOfMaterials(folders, about), null, 1) + "\n");
        writeHashes(out, about);
      },
    },
  };
  return { collect, record };
}
