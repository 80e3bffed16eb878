// What arrived when policy.json was requested, before it is read as a policy: the file, the answer that there is none, or something that
// answered in the server's place. For the page and the service worker. Not for: what a policy may say (policy.ts).
import { isWebPage } from "../../platform/content-type";

/** What answered in the server's place: a web page, a redirect to another address, or an HTTP status. Shown with `policy.foreign.<kind>`. */
export type Foreign = "page" | "redirect" | `HTTP ${number}`;

/**
 * `file`: what is at that address, whether a valid policy or not; `none`: the server has none; `foreign`: a server in trouble, or
 * what stands before it, such as the login page of a network.
 */
export type PolicyAnswer =
  { kind: "file"; text: string } | { kind: "none"; what: string } | { kind: "foreign"; what: Foreign };

/** The name under which the page keeps the last policy that it could read, beside the service worker's own copy, which need not be valid. */
export const LAST_VALID = "policy.json?last-valid";

/** The service worker sets this on its cached answer: what answered in the server's place, if anything did. */
export const FOREIGN_HEADER = "islet-foreign";

/** What that header says; undefined for a value that the service worker would not write. */
export const foreignOf = (header: string | null): Foreign | undefined =>
  header && /^(?:page|redirect|HTTP \d{3})$/.test(header) ? (header as Foreign) : undefined;

/** Reads an answer; throws where the body is cut short. A policy is JSON; a redirect or a web page is none. */
export async function policyAnswer(response: Response): Promise<PolicyAnswer> {
  const { status, headers } = response;
  if (response.redirected || response.type === "opaqueredirect") return { kind: "foreign", what: "redirect" };
  if (status === 404 || status === 410) return { kind: "none", what: `HTTP ${status}` };
  if (status !== 200) return { kind: "foreign", what: `HTTP ${status}` };
  const text = await response.text();
  if (isWebPage(headers.get("content-type")) || /^\s*</.test(text)) return { kind: "foreign", what: "page" };
  return { kind: "file", text };
}

/** Whether a text has the form of a policy, roughly: enough to be cached for use without a network. */
export function hasFormOfPolicy(text: string): boolean {
  try {
    const { version, network } = JSON.parse(text) as { version?: unknown; network?: unknown };
    return typeof version === "number" && typeof network === "object" && network !== null;
  } catch {
    return false;
  }
}
