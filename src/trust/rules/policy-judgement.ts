// Whether a Content-Security-Policy that was really sent is as narrow as the policy of this site demands. Pure, for the page, its workers and
// the service worker. Not for: where the sent ones are found (sent-policy.ts), or how the demanded one is made (policy.ts).
import { connectable, type NetworkRules } from "./network-rules";

type SentVerdict = "same" | "narrower" | "wider" | "missing";

/** How the policy sent for a thread compares with the one demanded of it. */
export interface Judgement {
  verdict: SentVerdict;
  /** What is allowed and should not be, as a policy would write it: "connect-src https://elsewhere.example"; "*" stands for everything. */
  wider: string[];
}

type Directives = ReadonlyMap<string, readonly string[]>;

/** The directives that matter to a worker; frames, forms and pictures are the page's business. */
const bindingWorkers = [
  "default-src",
  "script-src",
  "connect-src",
  "worker-src",
  "require-trusted-types-for",
  "trusted-types",
];
/** Directives that another one stands in for where they are missing. Source: CSP 3, 6.8.3 */
const standIns: Record<string, readonly string[]> = {
  "worker-src": ["child-src", "script-src", "default-src"],
  ...Object.fromEntries(
    ["script-src", "style-src", "img-src", "media-src", "font-src", "connect-src", "manifest-src"].map((name) => [
      name,
      ["default-src"],
    ]),
  ),
};

/** The first directive of a name counts, as in browsers. */
function directivesOf(policy: string): Directives {
  const found = new Map<string, readonly string[]>();
  for (const directive of policy.split(";")) {
    const [name, ...sources] = directive.trim().split(/\s+/);
    const key = name!.toLowerCase();
    if (key && !found.has(key)) found.set(key, sources);
  }
  return found;
}

/** The policies of a header: it may carry several, and browsers enforce all of them. */
export function policiesOf(header: string | null): string[] {
  return (header ?? "").split(",").filter((policy) => policy.trim() !== "");
}

/** What a policy lets through for `name`: a list of sources, or "*" where it does not say. */
function letThrough(policy: Directives, name: string): readonly string[] {
  const deciding = [name, ...(standIns[name] ?? [])].find((candidate) => policy.has(candidate));
  // These are off unless a policy names them.
  if (name === "require-trusted-types-for") return policy.get(name)?.includes("'script'") ? ["'script'"] : ["*"];
  return deciding === undefined ? ["*"] : policy.get(deciding)!;
}

/** Whether everything that `source` stands for is among `allowed`; false where that cannot be told. */
function isWithin(source: string, allowed: readonly string[], ownOrigin: string): boolean {
  const plain = (text: string) => (text === ownOrigin ? "'self'" : text.toLowerCase());
  const wanted = plain(source);
  if (wanted === "'none'" || wanted === "'report-sample'") return true;
  const origin = URL.canParse(wanted) ? new URL(wanted).origin : "";
  return allowed.map(plain).some((other) => {
    if (other === wanted || other === "*") return true;
    if (other === "'self'") return origin === ownOrigin;
    // `*` can stand in the name of a host that is wanted, too.
    if (other.startsWith("https://*."))
      return origin.startsWith("https://") && origin.endsWith(other.slice("https://*".length));
    return origin !== "" && origin === other;
  });
}

/**
 * Compares the policies that are in force together with the one that is demanded. `ofHeader`: what the header of the page or script carried; null
 * where there was none. `others`: what is enforced besides, such as the tag in the page. `ownOrigin`: of the app.
 */
export function judge(
  ofHeader: string | null,
  demanded: string,
  ownOrigin: string,
  place: "page" | "worker",
  others: readonly string[] = [],
): Judgement {
  const sent = [...policiesOf(ofHeader), ...others].map(directivesOf);
  const wider: string[] = [];
  let narrower = false;
  for (const [name, allowed] of directivesOf(demanded)) {
    if (place === "worker" && !bindingWorkers.includes(name)) continue;
    // What passes one policy still has to pass all others, so the strictest counts.
    const beyond = (sent.length > 0 ? sent : [new Map<string, string[]>()]).map((policy) =>
      letThrough(policy, name).filter((source) => !isWithin(source, allowed, ownOrigin)),
    );
    const weight = (sources: readonly string[]) => (sources.includes("*") ? Infinity : sources.length);
    const least = beyond.reduce((a, b) => (weight(b) < weight(a) ? b : a));
    wider.push(...least.map((source) => `${name} ${source}`));
    narrower ||= sent.some((policy) =>
      allowed.some((source) => !isWithin(source, letThrough(policy, name), ownOrigin)),
    );
  }
  if (policiesOf(ofHeader).length === 0) return { verdict: "missing", wider };
  return { verdict: wider.length > 0 ? "wider" : narrower ? "narrower" : "same", wider };
}

/** Whether a thread whose script came with this header can connect to nothing but the app's own origin and what `rules` name. */
export function holdsConnections(header: string | null, rules: NetworkRules, ownOrigin: string): boolean {
  const allowed = ["'self'", ...connectable(rules)];
  return policiesOf(header).some((policy) =>
    letThrough(directivesOf(policy), "connect-src").every((source) => isWithin(source, allowed, ownOrigin)),
  );
}
