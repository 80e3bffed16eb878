// The policy of this deployment: policy.json beside the page, read at each start. Without a valid one the app does not begin. Not for: what
// a policy can say (policy.ts).
import { AppError, thrownText } from "../platform/app-error";
import { named } from "../platform/deployment";
import { bestLanguage } from "../i18n/i18n.svelte";
import { allows, featureNames, isUnstated } from "./rules/feature-rules";
import { features, type Feature } from "./rules/features";
import { connectable } from "./rules/network-rules";
import { PolicyError } from "./rules/policy-faults";
import {
  contentSecurityPolicy,
  parsePolicy,
  refusedBy,
  restricts,
  type Policy,
  type PolicyField,
  type PolicyTexts,
  type Retained,
} from "./rules/policy";
import { FOREIGN_HEADER, foreignOf, LAST_VALID, policyAnswer, type Foreign } from "./rules/policy-answer";

/** Set before anything that reads it is made. */
export let policy: Policy;

export function setPolicy(rules: Policy): void {
  policy = rules;
}

/** What policy.json said at the start; undefined before that. */
export let startedWith: Policy | undefined;

/** The date that came with the policy, and when, by a clock nobody can set; both in milliseconds. */
let dated: { date: number; at: number } | undefined;

/** The date by the site's server, in milliseconds since 1970; undefined where it has not said. Without a network it is an old one. */
export const serverTime = (): number | undefined => dated && dated.date + performance.now() - dated.at;

/** What answered in the server's place when the policy was last asked for; undefined where nothing did. */
export let answeredInstead: Foreign | undefined;

/** The text of policy.json as the server has it now, or as it was last read where there is no network. Throws. */
export async function fetchPolicy(): Promise<string> {
  const address = new URL("policy.json", document.baseURI);
  const response = await fetch(address, { cache: "no-cache", redirect: "manual" });
  const answer = await policyAnswer(response);
  const date = Date.parse(response.headers.get("date") ?? "");
  // A server on this machine has this machine's clock.
  const local = /^(?:localhost|.*\.localhost|127\..*|\[::1\])$/.test(address.hostname);
  if (answer.kind === "file" && Number.isFinite(date) && !local) dated = { date, at: performance.now() };
  answeredInstead = answer.kind === "foreign" ? answer.what : foreignOf(response.headers.get(FOREIGN_HEADER));
  if (answer.kind !== "file") throw new Error(`policy.json: ${answer.what}`);
  return answer.text;
}

/** Reads the policy and makes the browser enforce it. Throws AppError "policy-missing" or "policy-invalid". */
export async function startPolicy(): Promise<void> {
  let text: string;
  try {
    text = await fetchPolicy();
  } catch (error) {
    throw new AppError("policy-missing", thrownText(error), "retry");
  }
  try {
    const read = parsePolicy(text);
    setPolicy(await withinPage(read));
    narrowPage(policy);
    startedWith = read;
  } catch (error) {
    const reasons = error instanceof PolicyError ? error.reasons : undefined;
    throw new AppError("policy-invalid", thrownText(error), "retry", undefined, reasons);
  }
  await remember(text).catch(() => {});
}

const KEPT = named("islet-policy");

async function remember(text: string): Promise<void> {
  // A page that came over plain HTTP has no caches.
  if (!isSecureContext) return;
  await (await caches.open(KEPT)).put(LAST_VALID, new Response(text));
}

/** The last valid policy that this browser read; undefined where none is known. It only decides what may still be exported. */
export async function lastPolicy(): Promise<Policy | undefined> {
  try {
    const kept = isSecureContext ? await (await caches.open(KEPT)).match(LAST_VALID) : undefined;
    return kept && parsePolicy(await kept.text());
  } catch {
    return undefined;
  }
}

const tagName = 'meta[http-equiv="Content-Security-Policy"]';

/**
 * A policy without the hosts and features that this page was not built for, which the browser refuses until a new version of the page, built with
 * the wider policy, takes over. Where none comes, the policy was widened by hand. Throws an Error that says so.
 */
async function withinPage(rules: Policy): Promise<Policy> {
  const built = document.querySelector<HTMLMetaElement>(tagName)?.content;
  if (built === undefined) return rules;
  const sourcesIn = (line: string) => new RegExp(`${line} ([^;]*)`).exec(built)?.[1]?.split(" ") ?? [];
  const allowed = sourcesIn("connect-src");
  /** What a feature needs in the page's own tag and is missing there. */
  const lacking = (feature: Feature) =>
    Object.entries(features[feature].opens?.sources ?? {}).flatMap(([line, sources]) =>
      sources.filter((source) => !sourcesIn(line).includes(source)),
    );
  const refused = featureNames.filter((feature) => allows(rules, feature) && lacking(feature).length > 0);
  const wider = [
    ...connectable(rules.network).filter((origin) => !allowed.includes(origin)),
    ...refused.map((feature) => `features.${feature}`),
  ];
  if (wider.length === 0) return rules;
  if (!(await newVersionComes()))
    throw new Error(`policy.json: the page was made without ${wider.join(", ")}: npm run policy -- policy.json`);
  const { modelHosts, mirror } = rules.network;
  const reached =
    mirror !== null && connectable({ modelHosts: [], mirror }).every((origin) => allowed.includes(origin));
  return {
    ...rules,
    features: { ...rules.features, ...Object.fromEntries(refused.map((feature) => [feature, false])) },
    network: { modelHosts: modelHosts.filter((host) => allowed.includes(host)), mirror: reached ? mirror : null },
  };
}

/** Whether the service worker has a newer version of the app than this page, or is getting one. */
export async function newVersionComes(): Promise<boolean> {
  const registration = await (navigator.serviceWorker as ServiceWorkerContainer | undefined)?.getRegistration();
  if (!registration?.active) return false;
  await registration.update().catch(() => {});
  return Boolean(registration.waiting ?? registration.installing);
}

/** Makes the browser enforce a policy on the page as well, with an extra tag where the page has no identical one. This can only narrow. */
export function narrowPage(rules: Policy): void {
  const tags = [...document.querySelectorAll<HTMLMetaElement>(tagName)];
  const wanted = contentSecurityPolicy(rules, "page");
  // A page that was not built has none.
  if (tags.length === 0 || tags.some(({ content }) => content === wanted)) return;
  const tag = document.createElement("meta");
  tag.httpEquiv = "Content-Security-Policy";
  tag.content = wanted;
  document.head.prepend(tag);
}

/** Whether the policy in force lets people do this. */
export const allowed = (feature: Feature): boolean => allows(policy, feature);

/** Throws AppError "not-allowed" where the policy does not let people do this. */
export function demand(feature: Feature): void {
  if (!allowed(feature)) throw new AppError("not-allowed", `policy.json: features.${feature}`, "none");
}

/** Throws AppError "not-allowed" where the policy does not let this model be brought or used. */
export function demandModel(model: { id: string; licence: string; publisher: string; known: boolean }): void {
  const field = refusedBy(model, policy);
  if (field) throw new AppError("not-allowed", `policy.json: ${field}: ${model.id}`, "none");
}

/** Whether any model may be used that the catalogue does not know. */
export function allowsUnknown(): boolean {
  return refusedBy({ id: "", licence: "", publisher: "", known: false }, policy) === undefined;
}

/** Throws AppError "not-allowed" where the policy wants a passphrase. */
export function demandVaultRemoval(): void {
  if (policy.vault.required) throw new AppError("not-allowed", "policy.json: vault.required", "none");
}

/** Days that records of a kind are kept: what a person chose, or less where the policy says so; undefined for ever. */
export function keptDays(kind: Retained, chosen: number | undefined): number | undefined {
  const most = policy.retention[kind] ?? Infinity;
  const days = Math.min(chosen ?? Infinity, most);
  return days === Infinity ? undefined : days;
}

/**
 * The tag of the text that fits the reader best: one in a language they want, or else English, or else the first. `language`: that of the
 * page; where it is what the browser asks for as well, the browser's own list decides, which has languages that the app does not.
 */
export function tagFor(texts: PolicyTexts, language: string): string {
  const wished = navigator.languages;
  const wanted = bestLanguage(wished) === language ? [...wished, language] : [language, ...wished];
  const tags = Object.keys(texts);
  const main = (tag: string) => tag.toLowerCase().split("-")[0]!;
  for (const tag of [...wanted, "en"]) {
    // The same, then without its region and script, then any of the same language.
    for (let rest = tag.toLowerCase(); rest; rest = rest.slice(0, Math.max(0, rest.lastIndexOf("-")))) {
      const found = tags.find((t) => t.toLowerCase() === rest);
      if (found) return found;
    }
    const near = tags.find((t) => main(t) === main(tag));
    if (near) return near;
  }
  return tags[0] ?? "";
}

export const textFor = (texts: PolicyTexts, language: string): string => texts[tagFor(texts, language)] ?? "";

interface Lock {
  by: string;
  reason: string;
  /** The language of the reason. */
  tag: string;
  /** Nobody locked it: the policy does not name it. */
  unstated: boolean;
}

/** Who locked something and why, "" where that is not said; undefined where it is not locked. */
export function lockOf(field: PolicyField, language: string): Lock | undefined {
  if (!restricts(policy, field)) return undefined;
  const { issuer, reasons } = policy;
  const by = [issuer?.name, issuer?.contact].filter(Boolean).join(", ");
  const texts = reasons[field] ?? {};
  const feature = /^features[.](.*)$/.exec(field)?.[1] as Feature | undefined;
  const unstated = feature !== undefined && isUnstated(policy, feature);
  return { by, reason: textFor(texts, language), tag: tagFor(texts, language), unstated };
}
