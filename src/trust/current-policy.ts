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

/** Set before anything that reads it is made. */
export let policy: Policy;

export function setPolicy(rules: Policy): void {
  policy = rules;
}

/** What policy.json said at the start; undefined before that. */
export let startedWith: Policy | undefined;

/** The text of policy.json as the server has it now, or as it was last read where there is no network. Throws. */
export async function fetchPolicy(): Promise<string> {
  const response = await fetch(new URL("policy.json", document.baseURI), { cache: "no-cache" });
  if (!response.ok) throw new Error(`policy.json: HTTP ${response.status}`);
  return response.text();
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
    const read = readPolicy(JSON.parse(text));
    setPolicy(await withinPage(read));
    narrowPage(policy);
    startedWith = read;
  } catch (error) {
    throw new AppError("policy-invalid", thrownText(error), "retry");
  }
}

const tagName = 'meta[http-equiv="Content-Security-Policy"]';

/**
 * A policy without the hosts that the page was not made for, which the browser refuses. That is so until a new version of the page, which comes
 * with a policy that is wider, has taken over. Where none comes, the policy was widened by hand. Throws an Error that says so.
 */
async function withinPage(rules: Policy): Promise<Policy> {
  const built = document.querySelector<HTMLMetaElement>(tagName)?.content;
  if (built === undefined) return rules;
  const allowed = /connect-src ([^;]*)/.exec(built)?.[1]?.split(" ") ?? [];
  const wider = connectable(rules.network).filter((origin) => !allowed.includes(origin));
  if (wider.length === 0) return rules;
  if (!(await newVersionComes()))
    throw new Error(
      `policy.json: network: the page was made without ${wider.join(", ")}: npm run policy -- policy.json`,
    );
  const { modelHosts, mirror } = rules.network;
  const reached =
    mirror !== null && connectable({ modelHosts: [], mirror }).every((origin) => allowed.includes(origin));
  return {
    ...rules,
    network: { modelHosts: modelHosts.filter((host) => allowed.includes(host)), mirror: reached ? mirror : null },
  };
}

/** Whether the service worker has a newer version of the app than this page, or is getting one. */
async function newVersionComes(): Promise<boolean> {
  const registration = await (navigator.serviceWorker as ServiceWorkerContainer | undefined)?.getRegistration();
  if (!registration?.active) return false;
  await registration.update().catch(() => {});
  return Boolean(registration.waiting ?? registration.installing);
}

/** Makes the browser hold the page to a policy as well, by a tag of its own where the page does not say the same. It can only narrow. */
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
