// What a deployment may decide, and what browsers enforce of it: the Content-Security-Policy and the other headers are made from the same
// file. Pure, for the build as well as for the app. Not for: which policy is in force (current-policy.ts), or doing requests.
import { Validator, type Schema } from "@cfworker/json-schema";
import type { Language } from "../../i18n/languages";
import { ALLOWLIST, connectionAllowlist } from "./allowlist";
import { allows, openedPermissions, openedSources } from "./feature-rules";
import type { Feature } from "./features";
import { connectable, type NetworkRules } from "./network-rules";
import { faultOfText, faultsOf, PolicyError } from "./policy-faults";
import { policySchema } from "./policy-schema";

/** A text in some languages, by their tags (BCP 47). */
export type PolicyTexts = Readonly<Record<string, string>>;

/** Kinds of records that are deleted by age. */
export type Retained = "conversations" | "audit" | "network";
/** What a policy can lock. */
export type PolicyField = "network" | "models" | "audit" | "vault" | `features.${Feature}` | `retention.${Retained}`;

/** What a deployment allows, as its file states it; policy.schema.json says what each field means. */
export interface Policy {
  version: 2 | 3;
  issuer: { name: string; contact?: string } | null;
  network: NetworkRules;
  models: Record<"ids" | "licences" | "publishers", readonly string[] | null>;
  /** As stated, with what this version does not know; `allows` (feature-rules.ts) says what it means. */
  features: Readonly<Record<string, unknown>>;
  retention: Record<Retained, number | null>;
  language: Language | null;
  banner: PolicyTexts | null;
  /** The deployment is over: what people are told where the app would be, with what they can still do. */
  ended?: PolicyTexts | null;
  audit: { content: boolean };
  vault: { required: boolean; lockMinutes: number | null };
  reasons: Partial<Record<PolicyField, PolicyTexts>>;
}

/** What browsers are made to enforce comes from these. */
export type Enforced = Pick<Policy, "version" | "network" | "features">;

const NEWEST = 3;

/** Made when first needed: the service worker needs none. */
const readers = new Map<2 | 3, { schema: Record<string, unknown>; validator: Validator }>();
function readerOf(version: 2 | 3) {
  const made = readers.get(version);
  if (made) return made;
  const schema = policySchema(version);
  const reader = { schema, validator: new Validator(schema as Schema, "2020-12", false) };
  readers.set(version, reader);
  return reader;
}

/** Checks an unknown value as a policy. Throws PolicyError, which says what is wrong. */
export function readPolicy(value: unknown): Policy {
  const { version } = Object(value) as { version?: unknown };
  // Its other fields may mean anything.
  if (Number.isInteger(version) && (version as number) > NEWEST)
    throw new PolicyError([{ key: "policy.fault.later", values: { version: version as number, newest: NEWEST } }]);
  const { schema, validator } = readerOf(version === 2 ? 2 : 3);
  const { valid, errors } = validator.validate(value);
  if (valid) return value as Policy;
  throw new PolicyError(faultsOf(value, errors, schema));
}

/** Reads the text of a policy file. Throws PolicyError. */
export function parsePolicy(text: string): Policy {
  // Some editors put a byte-order mark before it.
  const json = text.replace(/^\ufeff/, "");
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new PolicyError([faultOfText(json, error)]);
  }
  return readPolicy(value);
}

/** Which field of the policy leaves out a model; undefined where it may be used. What a model says of itself satisfies none. */
export function refusedBy(
  model: { id: string; licence: string; publisher: string; known: boolean },
  policy: Pick<Policy, "version" | "models" | "features">,
): `models.${keyof Policy["models"]}` | "features.addModels" | undefined {
  const { ids, licences, publishers } = policy.models;
  if (!model.known && !allows(policy, "addModels")) return "features.addModels";
  if (ids && !(model.known && ids.some((pattern) => matchesId(pattern, model.id)))) return "models.ids";
  if (licences && !(model.known && licences.includes(model.licence))) return "models.licences";
  if (publishers && !(model.known && publishers.includes(model.publisher))) return "models.publishers";
  return undefined;
}

/** Whether a pattern of `models.ids` matches an id; * stands for any characters. */
const matchesId = (pattern: string, id: string): boolean =>
  new RegExp(`^${pattern.replace(/[.]/g, "[.]").replaceAll("*", ".*")}$`).test(id);

/** What a policy's lists name that fits no model of the catalogue, as "models.ids: Qwen-*". */
export function unmatched(
  models: Policy["models"],
  catalogue: readonly { id: string; licence: string; publisher: string }[],
): string[] {
  const matches = {
    ids: (name: string) => catalogue.some(({ id }) => matchesId(name, id)),
    licences: (name: string) => catalogue.some(({ licence }) => licence === name),
    publishers: (name: string) => catalogue.some(({ publisher }) => publisher === name),
  };
  return (Object.keys(matches) as (keyof typeof matches)[]).flatMap((list) =>
    (models[list] ?? []).filter((name) => !matches[list](name)).map((name) => `models.${list}: ${name}`),
  );
}

/** Whether a policy restricts what `field` is about. */
export function restricts(policy: Policy, field: PolicyField): boolean {
  const [part, name] = field.split(".");
  switch (part) {
    case "network":
      return true;
    case "models":
      return Object.values(policy.models).some((list) => list !== null);
    case "audit":
      return policy.audit.content;
    case "vault":
      return policy.vault.required || policy.vault.lockMinutes !== null;
    case "features":
      return !allows(policy, name as Feature);
    default:
      return policy.retention[name as Retained] !== null;
  }
}

/** Those of trusted-types.ts, of DOMPurify, and of Svelte for the app's own templates. */
const trustedTypesPolicies = ["default", "islet", "dompurify", "svelte-trusted-html"];

/** The Content-Security-Policy of a build. `frame-ancestors` works only as a header, so it is left out of the page's own tag. */
export function contentSecurityPolicy(rules: Enforced, place: "header" | "page"): string {
  const directives = new Map<string, readonly string[]>([
    ["default-src", ["'none'"]],
    ["script-src", ["'self'", "'wasm-unsafe-eval'"]],
    ["style-src", ["'self'"]],
    ["img-src", ["'self'"]],
    ["connect-src", ["'self'", ...connectable(rules.network)]],
    ["worker-src", ["'self'"]],
    ["manifest-src", ["'self'"]],
    ["base-uri", ["'none'"]],
    ["form-action", ["'none'"]],
    ["require-trusted-types-for", ["'script'"]],
    ["trusted-types", trustedTypesPolicies],
  ]);
  if (place === "header") directives.set("frame-ancestors", ["'none'"]);
  for (const [name, sources] of openedSources(rules)) {
    const all = new Set([...(directives.get(name) ?? []), ...sources]);
    directives.set(name, all.size > 0 ? [...all] : ["'none'"]);
  }
  return [...directives].map(([name, sources]) => [name, ...sources].join(" ")).join("; ");
}

/** What browsers can do and the app has no use for, unless a feature opens it. */
const deniedPermissions = [
  ...["accelerometer", "autoplay", "bluetooth", "camera", "compute-pressure", "display-capture", "encrypted-media"],
  ...["fullscreen", "geolocation", "gamepad", "gyroscope", "hid", "identity-credentials-get", "idle-detection"],
  ...["local-fonts", "magnetometer", "microphone", "midi", "otp-credentials", "payment", "picture-in-picture"],
  ...["screen-wake-lock", "serial", "storage-access", "usb", "window-management", "xr-spatial-tracking"],
  ...["browsing-topics", "digital-credentials-create", "digital-credentials-get", "on-device-speech-recognition"],
  ...["private-state-token-issuance", "private-state-token-redemption", "speaker-selection"],
  ...["language-detector", "language-model", "summarizer", "translator"],
];

/** The response headers a server should send with every file. `_headers` in the build and the bundled server carry them. */
export function responseHeaders(rules: Enforced): Record<string, string> {
  const open = openedPermissions(rules);
  return {
    "Content-Security-Policy": contentSecurityPolicy(rules, "header"),
    [ALLOWLIST]: connectionAllowlist(rules),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-DNS-Prefetch-Control": "off",
    "Permissions-Policy": deniedPermissions.map((name) => `${name}=${open.has(name) ? "(self)" : "()"}`).join(", "),
  };
}

/** `_headers`, which many static hosts read. */
export function headersFile(rules: Enforced): string {
  const lines = Object.entries(responseHeaders(rules)).map(([name, value]) => `  ${name}: ${value}\n`);
  return `/*\n${lines.join("")}`;
}
