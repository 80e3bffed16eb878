// npm run headers: the response headers that a server is to send with the app, made from the policy, in the form of that server.
import { readFileSync } from "node:fs";
import { runnerImport } from "vite";

const forms = {
  nginx: (name, value) => `add_header ${name} ${JSON.stringify(value)} always;`,
  caddy: (name, value) => `header ${name} ${JSON.stringify(value)}`,
  apache: (name, value) => `Header always set ${name} ${JSON.stringify(value)}`,
  plain: (name, value) => `${name}: ${value}`,
};
const form = forms[process.argv[2] ?? ""];
if (!form) {
  console.error(
    `Usage: npm run headers -- ${Object.keys(forms).join("|")}     (ISLET_POLICY=FILE for a policy of your own)`,
  );
  process.exit(2);
}
const { parsePolicy, responseHeaders } = (await runnerImport("./src/trust/policy.ts")).module;
const file = process.env["ISLET_POLICY"] ?? "src/trust/policy.json";
for (const [name, value] of Object.entries(responseHeaders(parsePolicy(readFileSync(file, "utf8")))))
  console.log(form(name, value));
