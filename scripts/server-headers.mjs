// The response headers of a build, written down in the form of a server. For `npm run headers` and `npm run policy`; the headers
// themselves are made in src/trust/rules/policy.ts.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** Of each server: how it writes a header, the name of its file, and what an administrator does with that. */
export const servers = {
  nginx: {
    line: (name, value) => `add_header ${name} ${JSON.stringify(value)} always;`,
    file: "headers.conf",
    next: (file) => `include ${file}; in the server or location that hands out the app, then nginx -s reload.`,
  },
  caddy: {
    line: (name, value) => `header ${name} ${JSON.stringify(value)}`,
    file: "headers.caddy",
    next: (file) => `import ${file} in the site, then caddy reload.`,
  },
  apache: {
    line: (name, value) => `Header always set ${name} ${JSON.stringify(value)}`,
    file: "headers.apache",
    next: (file) => `Include ${file} in the virtual host (a2enmod headers), then apachectl graceful.`,
  },
  plain: {
    line: (name, value) => `${name}: ${value}`,
    file: "headers.txt",
    next: () => "Give these to whatever hands out the files.",
  },
};

/** Where the headers of a build go unless a file is named: beside its folder, which is handed out, and not in it. */
export const headersPath = (server, folder) => resolve(join(folder, "..", servers[server].file));

/** Writes the file of a server. */
export function writeServerHeaders(server, file, headers) {
  const lines = Object.entries(headers).map(([name, value]) => `${servers[server].line(name, value)}\n`);
  writeFileSync(file, lines.join(""));
}

/** Whether a file is one of these: others, too, have headers in files of such names. */
const isOurs = (file) =>
  existsSync(file) && /Content-Security-Policy.*trusted-types [^;]*\bislet\b/.test(readFileSync(file, "utf8"));

/** Writes anew what lies beside a build from before. Gives what was written: [server, file]. */
export function refreshServerHeaders(folder, headers) {
  const there = Object.keys(servers).map((server) => [server, headersPath(server, folder)]);
  const written = there.filter(([, file]) => isOurs(file));
  for (const [server, file] of written) writeServerHeaders(server, file, headers);
  return written;
}
