// The arguments of a script: `--help`, and what it does not know.
import { parseArgs } from "node:util";

/**
 * Reads the arguments of the process. With `--help` prints `usage` and ends with 0; with an option that is not in `options`, or with fewer or
 * more than `least` to `most` arguments besides, prints it as an error and ends with 2.
 */
export function readArguments(usage, least, most, options = {}) {
  const refuse = (text) => {
    console.error(text);
    process.exit(2);
  };
  let parsed;
  try {
    parsed = parseArgs({ allowPositionals: true, options: { ...options, help: { type: "boolean", short: "h" } } });
  } catch (error) {
    return refuse(`${error.message}\n${usage}`);
  }
  const { values, positionals } = parsed;
  if (values.help) {
    console.log(usage);
    process.exit(0);
  }
  if (positionals.length < least || positionals.length > most) refuse(usage);
  return { values, positionals };
}
