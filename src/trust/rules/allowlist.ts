// The header Connection-Allowlist: which hosts the browser connects to at all, also ahead of time, for a frame, for WebRTC or for a link that is
// pressed, none of which a Content-Security-Policy covers. Pure, for the build, the page and the service worker. Not for: whether it holds for
// this page (allowlist-here.ts). Source: https://wicg.github.io/connection-allowlists/
import { connectable, type NetworkRules } from "./network-rules";

export const ALLOWLIST = "Connection-Allowlist";
/** Lets a confirmed mail address open the mail program, which requests nothing over the network; without it, Chromium replaces the page with an error. */
export const MAIL = '"mailto:*"';
/** The form in which it is made here; no other is read. */
const FORM = /^\(response-origin((?: "[^"\\]*")*)\)(;redirects=(?:allow|block))?$/;

const listOf = (patterns: readonly string[]) => `(${["response-origin", ...patterns].join(" ")})`;
const patternsOf = (list: string): string[] | undefined => FORM.exec(list)?.[1]!.split(" ").slice(1);

/** The header of a policy: the app's own origin, and the hosts that it names. */
export function connectionAllowlist({ network }: { network: NetworkRules }): string {
  // A hub's addresses lead on to where its files lie. Each step of that is held by connect-src.
  return `${listOf([MAIL, ...connectable(network).map((host) => `"${host}/*"`)])};redirects=allow`;
}

/** What was sent, where it lets through no more than the policy demands, and otherwise what both let through. A browser heeds only one list. */
export function narrowedAllowlist(sent: string | null, rules: { network: NetworkRules }): string {
  const demanded = connectionAllowlist(rules);
  const patterns = patternsOf(sent ?? "");
  if (sent === null || !patterns) return demanded;
  const wanted = patternsOf(demanded)!;
  const common = patterns.filter((pattern) => wanted.includes(pattern));
  return common.length === patterns.length ? sent : `${listOf(common)}${FORM.exec(sent)![2] ?? ""}`;
}
