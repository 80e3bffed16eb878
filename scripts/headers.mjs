// npm run headers: writes the response headers that a server is to send with a build, in the form of that server. They are made from the
// policy.json of the folder that is handed out, so that they cannot be those of another one.
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { runnerImport } from "vite";
import { readArguments } from "./arguments.mjs";
import { headersPath, servers, writeServerHeaders } from "./server-headers.mjs";

const stop = (text, code = 1) => {
  console.error(text);
  process.exit(code);
};
const usage = `Usage: npm run headers -- ${Object.keys(servers).join("|")} [FOLDER] [FILE]
FOLDER: what was built, dist without one. FILE: what to write; without one, beside FOLDER.`;
const [server, folder = "dist", named] = readArguments(usage, 1, 3).positionals;
if (!Object.hasOwn(servers, server)) stop(usage, 2);
const source = join(folder, "policy.json");
if (!existsSync(source)) stop(`${folder} is no build of Islet: npm run build, or name the folder.`);

const { contentSecurityPolicy, parsePolicy, responseHeaders } = (await runnerImport("./src/trust/rules/policy.ts"))
  .module;
let policy;
try {
  policy = parsePolicy(readFileSync(source, "utf8"));
} catch (error) {
  stop(`${source} is not a policy. ${error.message}`);
}
const file = named ? resolve(named) : headersPath(server, folder);
writeServerHeaders(server, file, responseHeaders(policy));
console.log(`Written: ${file}, from ${source}. ${servers[server].next(file)}`);
const tag = contentSecurityPolicy(policy, "page").replaceAll("'", "&#39;");
const page = readFileSync(join(folder, "index.html"), "utf8");
if (!page.includes(`content="${tag}"`))
  console.log(
    `${source} was changed by hand since the page was made. To make them agree: npm run policy -- ${source} ${folder}`,
  );
