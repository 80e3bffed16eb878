// The servers of docs/deploy.md as they stand there, for tests that start them.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** The code blocks in this form, with `folder` for /srv/islet and for what else a machine has elsewhere. */
export function documented(language: string, folder: string): string[] {
  const text = readFileSync("docs/deploy.md", "utf8");
  return [...text.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, "g"))].map(([, code]) =>
    code!.replaceAll("/srv/islet", folder).replaceAll("/etc/ssl", folder),
  );
}

/** A whole configuration of nginx around what the document shows. `scratch`: a folder that nginx may write in. */
export function nginxFrame(content: string, scratch: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((n) => `${n}_temp_path ${scratch}/t;`);
  return `
    pid ${scratch}/nginx.pid; error_log ${scratch}/error.log; daemon off;
    events {}
    http { access_log off; ${temporary.join(" ")}
    include /etc/nginx/mime.types; ${content.replaceAll("include mime.types", "include /etc/nginx/mime.types")} }`;
}

/** Nobody but root may take port 443, or read the key. */
export const withoutTls = (content: string): string =>
  content.replace(/listen 443 ssl;|ssl_certificate\S* [^;]*;/g, "");

/** Where a program is, "" where it is not. */
export function there(command: string): string {
  try {
    return execFileSync("sh", ["-c", `PATH="$PATH:/usr/sbin" command -v ${command}`], { encoding: "utf8" }).trim();
  } catch {
    return "";
  }
}
