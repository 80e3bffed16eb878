// Whether a policy allows a feature, what it says of features at all, and what browsers open because of it. Pure, for the build, the page and the
// service worker. Not for: which features there are (features.ts), or refusing to do something (current-policy.ts).
import { features, type Feature, type Opens } from "./features";

/** The part of a policy that is about features; the service worker has it as it was read, unchecked. */
export interface Stated {
  version?: unknown;
  features?: unknown;
}

export const featureNames = Object.keys(features) as Feature[];

/** What a policy says of a feature; undefined where it does not name it. */
function statedOf({ features: stated }: Stated, feature: Feature): unknown {
  const fields = Object(stated) as Record<string, unknown>;
  return Object.hasOwn(fields, feature) ? fields[feature] : undefined;
}

/** Whether a policy allows a feature. What it does not name is denied, but for what version 2 means by not naming it. */
export function allows(policy: Stated, feature: Feature): boolean {
  const stated = statedOf(policy, feature);
  if (stated === undefined) return policy.version === 2 && features[feature].inVersion2 === "allowed";
  return stated === true;
}

/** Whether a feature is denied only because the policy does not name it. */
export const isUnstated = (policy: Stated, feature: Feature): boolean =>
  statedOf(policy, feature) === undefined && !allows(policy, feature);

/** What a policy names that this version of the app does not know; all of it is off. */
export const unknownFeatures = ({ features: stated }: Stated): string[] =>
  Object.keys(Object(stated) as object).filter((name) => !Object.hasOwn(features, name));

/** What is off without the policy saying so, in English, for whoever sets it: the build, `npm run policy` and the page's console say it. */
export function featureRemarks(policy: Stated): string[] {
  return [
    ...unknownFeatures(policy).map((name) => `features.${name}: this version does not know it, so it is off.`),
    ...featureNames
      .filter((feature) => isUnstated(policy, feature))
      .map((feature) => `features.${feature}: the policy does not name it, so it is off.`),
  ].map((remark) => `policy.json: ${remark}`);
}

const opened = (policy: Stated): Opens[] =>
  featureNames.filter((feature) => allows(policy, feature)).flatMap((feature) => features[feature].opens ?? []);

/** The names in the Permissions-Policy that are open because of what a policy allows. */
export const openedPermissions = (policy: Stated): ReadonlySet<string> =>
  new Set(opened(policy).flatMap(({ permissions = [] }) => permissions));

/** Each line of the Content-Security-Policy that any feature can open, with the sources that this policy opens in it. */
export function openedSources(policy: Stated): ReadonlyMap<string, readonly string[]> {
  const lines = new Map<string, string[]>();
  // A line that nothing opens is listed too, so that it is noticed if it was sent open.
  for (const { opens } of Object.values(features))
    for (const line of Object.keys(opens?.sources ?? {})) lines.set(line, []);
  for (const { sources = {} } of opened(policy))
    for (const [line, those] of Object.entries(sources)) lines.get(line)!.push(...those);
  return lines;
}
