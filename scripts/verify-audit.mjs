// npm run verify-audit: checks an exported audit log, without the app. Ends with 1 where something is wrong with it.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { runnerImport } from "vite";

const usage = `Usage:
  npm run verify-audit -- FILE                checks that no entry of an exported audit log was changed, dropped, moved or cut off
  npm run verify-audit -- FILE --head HASH    and that it ends with a hash that was noted before`;

const { values, positionals } = parseArgs({ options: { head: { type: "string" } }, allowPositionals: true });
const [file] = positionals;
if (file === undefined || positionals.length > 1) {
  console.error(usage);
  process.exit(2);
}
const { verify } = (await runnerImport("./src/trust/audit-chain.ts")).module;
const { entries, hash, faults } = await verify(readFileSync(file, "utf8"), values.head);
for (const { line, fault, detail } of faults) console.error(`${file}:${line}: ${fault}: ${detail}`);
if (faults.length > 0) process.exit(1);
console.log(`${file}: ${entries} entries, unbroken; the last hash is ${hash}`);
