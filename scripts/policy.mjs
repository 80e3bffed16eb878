// npm run policy: checks a policy and puts it into a folder that was built: policy.json, and what browsers enforce of it. Needs no build.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runnerImport } from "vite";
import { readArguments } from "./arguments.mjs";
import { writeHashes } from "./build-record.mjs";
import { unmatchedNames } from "./unmatched-names.mjs";
import { refreshServerHeaders, servers } from "./server-headers.mjs";

const usage = `Usage: npm run policy -- FILE [FOLDER]
FILE: your policy (docs/policy.md). FOLDER: what was built, dist without one; it is changed.`;
const [file, out = "dist"] = readArguments(usage, 1, 2).positionals;
const stop = (text) => {
  console.error(text);
  process.exit(1);
};
if (!existsSync(join(out, "build.json"))) stop(`${out} is no build of Islet: npm run build, or name the folder.`);

const { contentSecurityPolicy, headersFile, parsePolicy, responseHeaders } = (
  await runnerImport("./src/trust/rules/policy.ts")
).module;
const { featureRemarks } = (await runnerImport("./src/trust/rules/feature-rules.ts")).module;
const { digestOf } = (await runnerImport("./src/trust/log/audit-chain.ts")).module;
let policy;
try {
  policy = parsePolicy(readFileSync(file, "utf8"));
} catch (error) {
  stop(`${file} is not a policy. ${error.message}`);
}

/** Writes a file of the folder in one step: it may be handed out meanwhile. */
function writeWhole(name, text) {
  const path = join(out, name);
  writeFileSync(`${path}.part`, text);
  renameSync(`${path}.part`, path);
}

/** Puts `content` in the place of the one thing that `pattern`, a text or an expression without groups, finds. */
function replaceOne(name, pattern, content) {
  const path = join(out, name);
  const text = readFileSync(path, "utf8");
  if (text.split(pattern).length !== 2) stop(`${path} is not as it was built.`);
  writeWhole(
    name,
    text.replace(pattern, () => content),
  );
}
/** By these the service worker tells which page is the newest, and that a page is that one. */
const digests = () => {
  const page = readFileSync(join(out, "index.html"));
  const digest = (algorithm, form) => createHash(algorithm).update(page).digest(form);
  return [digest("md5", "hex"), digest("sha256", "base64")];
};

writeWhole("policy.json", JSON.stringify(policy, null, 2) + "\n");
writeWhole("_headers", headersFile(policy));
const before = digests();
const tag = /(?<=<meta http-equiv="Content-Security-Policy" content=")[^"]*/;
replaceOne("index.html", tag, contentSecurityPolicy(policy, "page").replaceAll("'", "&#39;"));
digests().forEach((digest, i) => replaceOne("service-worker.js", before[i], digest));
writeHashes(out, { ...JSON.parse(readFileSync(join(out, "build.json"), "utf8")), policy: await digestOf(policy) });
for (const sentence of [...featureRemarks(policy), ...(await unmatchedNames(policy))]) console.warn(sentence);
console.log(
  `${out} has the policy of ${file} now. What a server sends has to follow, and is read anew by it only when told:`,
);
for (const [server, path] of refreshServerHeaders(out, responseHeaders(policy)))
  console.log(`Written anew: ${path}. ${servers[server].next(path)}`);
console.log(`Headers for a server: npm run headers -- ${Object.keys(servers).join("|")} ${out}`);
