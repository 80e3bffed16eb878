// The policy of this deployment: policy.json beside the page, read at each start. Without a valid one the app does not begin. Not for: what
// a policy can say (policy.ts).
import { AppError, thrownText } from "../platform/app-error";
import { connectable } from "./network-rules";
import {
  contentSecurityPolicy,
  readPolicy,
  refusedBy,
  restricts,
  type Feature,
  type Policy,
  type PolicyField,
  type PolicyTexts,
  type Retained,
} from "./policy";
import { policyAnswer } from "./policy-answer";

/** Set before anything that reads it is made. */
export let policy: Policy;

export function setPolicy(rules: Policy): void {
  policy = rules;
}

/** Reads the policy and makes the browser enforce it. Throws AppError "policy-missing" or "policy-invalid". */
export async function startPolicy(): Promise<void> {
  let text: string;
  try {
    const address = new URL("policy.json", document.baseURI);
    const answer = await policyAnswer(await fetch(address, { cache: "no-cache", redirect: "manual" }));
    if (answer.kind !== "file") throw new Error(`policy.json: ${answer.what}`);
    text = answer.text;
  } catch (error) {
    throw new AppError("policy-missing", thrownText(error), "retry");
  }
  try {
    setPolicy(readPolicy(JSON.parse(text)));
    enforce(policy);
  } catch (error) {
    throw new AppError("policy-invalid", thrownText(error), "retry");
  }
}

/** A policy that was narrowed after the build is enforced by a second tag; one that was widened needs other files than these. */
function enforce(rules: Policy): void {
  const built = document.querySelector<HTMLMetaElement>('meta[http-equiv="Content-Security-Policy"]')?.content;
  const wanted = contentSecurityPolicy(rules, "page");
  if (built === undefined || built === wanted) return;
  const allowed = /connect-src ([^;]*)/.exec(built)?.[1]?.split(" ") ?? [];
  const wider = connectable(rules.network).filter((origin) => !allowed.includes(origin));
  if (wider.length > 0)
    throw new Error(
      `policy.json: network: the page was made without ${wider.join(", ")}: npm run policy -- policy.json`,
    );
  const tag = document.createElement("meta");
  tag.httpEquiv = "Content-Security-Policy";
  tag.content = wanted;
  document.head.prepend(tag);
}

/** Throws AppError "not-allowed" where the policy does not let people do this. */
export function demand(feature: Feature): void {
  if (!policy.features[feature]) throw new AppError("not-allowed", `policy.json: features.${feature}`, "none");
}

/** Throws AppError "not-allowed" where the policy does not let this model be used. */
export function demandModel(model: { id: string; licence: string; publisher: string }): void {
  const list = refusedBy(model, policy.models);
  if (list) throw new AppError("not-allowed", `policy.json: models.${list}: ${model.id}`, "none");
}

/** Days that records of a kind are kept: what a person chose, or less where the policy says so; undefined for ever. */
export function keptDays(kind: Retained, chosen: number | undefined): number | undefined {
  const most = policy.retention[kind] ?? Infinity;
  const days = Math.min(chosen ?? Infinity, most);
  return days === Infinity ? undefined : days;
}

/** The text in the reader's language, or else in English, or else any. */
export function textFor(texts: PolicyTexts, language: string): string {
  return texts[language as keyof PolicyTexts] ?? texts.en ?? Object.values(texts)[0] ?? "";
}

/** Who locked something and why, "" where that is not said; undefined where it is not locked. */
export function lockOf(field: PolicyField, language: string): { by: string; reason: string } | undefined {
  if (!restricts(policy, field)) return undefined;
  const { issuer, reasons } = policy;
  const by = [issuer?.name, issuer?.contact].filter(Boolean).join(", ");
  return { by, reason: textFor(reasons[field] ?? {}, language) };
}
