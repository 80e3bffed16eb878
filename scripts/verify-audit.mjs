// npm run verify-audit: checks an exported audit log, without the app. Ends with 0 where nothing is wrong with it, with 1 where something is, with
// 2 where it could not be checked. Not for: the rules (src/trust/log/audit-verify.ts).
import { readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const usage = `Usage: npm run verify-audit -- FILE [OPTIONS]
Checks that no entry of an exported audit log was changed, dropped, moved or cut off, and that its end is signed by the installation it names.
  --head HASH          and that it ends with a hash that was noted before
  --installation ID    and that it is of an installation that was noted before
  --unsigned           takes a log of a version of Islet that did not sign: compare its end by --head`;
/** Bytes that no audit log comes near. */
const MOST = 128 * 1024 * 1024;
/** Lines that are printed at most of each kind. */
const SHOWN = 50;

// Whoever reads what is printed may stop before its end: "| head -1".
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => process.exit(2));

/** Ends the script with a line that says what to do. */
function stop(message) {
  console.error(message);
  process.exit(2);
}

function readOptions() {
  const hash = { type: "string" };
  const options = { head: hash, installation: hash, unsigned: { type: "boolean" } };
  let parsed;
  try {
    parsed = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    return stop(`${error.message}\n${usage}`);
  }
  const { values, positionals } = parsed;
  if (positionals.length !== 1) stop(usage);
  for (const name of ["head", "installation"]) {
    values[name] = values[name]?.trim().toLowerCase();
    if (values[name] !== undefined && !/^[0-9a-f]{64}$/.test(values[name]))
      stop(
        `--${name} needs 64 digits and letters from a to f, as the app shows them. What was given is something else.`,
      );
  }
  return { file: positionals[0], ...values };
}

function describe(file) {
  const stats = statSync(file);
  // A folder is refused as it is read, with a reason of its own.
  return { size: stats.size, isFile: stats.isFile() || stats.isDirectory() };
}

function readFile(file) {
  const reasons = {
    ENOENT: "There is no such file. Give the path of the file that the app saved.",
    EISDIR: "This is a folder. Give the file in it.",
    EACCES: "This file may not be read. Change its permissions, or copy it.",
  };
  try {
    const { size, isFile } = describe(file);
    if (!isFile) stop(`${file}: This is no file. Give the file that the app saved.`);
    if (size > MOST) stop(`${file}: This file has ${size} bytes. No audit log is that large: is it the right file?`);
    return readFileSync(file);
  } catch (error) {
    return stop(`${file}: ${reasons[error.code] ?? `It could not be read (${error.code ?? error.message}).`}`);
  }
}

async function readRules() {
  try {
    const { runnerImport } = await import("vite");
    return (await runnerImport(fileURLToPath(new URL("../src/trust/log/audit-verify.ts", import.meta.url)))).module;
  } catch (error) {
    return stop(
      `The rules could not be loaded (${error.code ?? error.message}). Run this once in the folder of Islet: npm ci`,
    );
  }
}

function some(lines, print) {
  for (const line of lines.slice(0, SHOWN)) print(line);
  if (lines.length > SHOWN) print(`and ${lines.length - SHOWN} more`);
}

const span = (ms) => {
  const seconds = Math.round(ms / 1000);
  const [unit, size] = [["days", 86400], ["hours", 3600], ["minutes", 60], ["seconds", 1]].find(([, s]) => seconds >= 2 * s) ?? ["seconds", 1]; // prettier-ignore
  return `${Math.round(seconds / size)} ${unit}`;
};
const notes = {
  back: ({ entry, by }) => `entry ${entry} is ${span(by)} earlier than the entry before it: the clock was set back`,
  ahead: ({ entry, by }) => `entry ${entry} is ${span(by)} later than now: one of the two clocks is wrong`,
  "unsigned-before": ({ entry }) =>
    `what stood at the end before entry ${entry} was not signed: an older version of Islet wrote it, or it came from outside`,
};

const { file, head, installation, unsigned } = readOptions();
const { verify } = await readRules();
const found = await verify(readFile(file), { head, installation, unsigned });
const { entries, hash, faults } = found;
some(
  faults.map(({ line, fault, detail }) => `${file}:${line}: ${fault}: ${detail}`),
  console.error,
);
if (faults.some(({ fault }) => fault === "unsigned"))
  console.error(
    `If this log is of a version of Islet that did not sign, check it with --unsigned and compare its end with --head HASH.`,
  );
if (faults.length === 0) console.log(`${file}: ${entries} entries, unbroken; the last hash is ${hash}`);
const print = faults.length === 0 ? console.log : console.error;
if (found.installation === undefined)
  print("Nothing is signed: whether its end was cut off and written anew shows only by --head HASH.");
else {
  print(`The installation is ${found.installation}`);
  if (found.signedFrom > 1)
    print(
      `There is a key since entry ${found.signedFrom}: what was done before to the entries before it cannot be told.`,
    );
  if (installation === undefined)
    print("Compare it with what the app showed on that device, or give it as --installation ID.");
}
some(
  found.notes.map((note) => `Note: ${notes[note.note](note)}`),
  print,
);
process.exitCode = faults.length === 0 ? 0 : 1;
