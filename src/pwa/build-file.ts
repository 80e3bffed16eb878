// Whether a response is a file of this build, whole and unchanged. Not for: keeping it (checked-precache.ts).
import { isWebPage } from "../platform/content-type";
import { integrityOf } from "../platform/integrity";

/** Types without which a browser does not take a file for what it is. */
const types: Record<string, RegExp> = {
  html: /^text\/html\b/i,
  js: /^(text|application)\/(x-)?javascript\b/i,
  css: /^text\/css\b/i,
  svg: /^image\/svg\+xml\b/i,
};

/** What is wrong with a response that should be a file of the build. */
export type Fault = "status" | "redirected" | "type" | "bytes";

/**
 * What keeps a response from being the file at `url`, undefined where it is that file. `integrity`: SHA-256 of its bytes, as "sha256-"
 * and base64. The response can still be read afterwards.
 */
export async function faultOf(url: string, response: Response, integrity: string): Promise<Fault | undefined> {
  if (response.redirected || response.type === "opaqueredirect") return "redirected";
  if (response.status !== 200) return "status";
  const type = response.headers.get("content-type");
  const wanted = types[/\.(\w+)$/.exec(new URL(url).pathname)?.[1] ?? ""];
  if (wanted ? !wanted.test(type ?? "") : isWebPage(type)) return "type";
  // One that breaks off is not whole.
  const bytes = await response
    .clone()
    .arrayBuffer()
    .catch(() => undefined);
  return bytes && (await integrityOf(bytes)) === integrity ? undefined : "bytes";
}
