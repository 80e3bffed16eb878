// The form of a policy as JSON Schema: policy.schema.json with the features of the table put in. For the reader, and for the build, which hands it
// out beside the policy. Not for: reading a policy (policy.ts).
import { featureNames } from "./feature-rules";
import { features, type Feature } from "./features";
import base from "./policy.schema.json" with { type: "json" };

const texts = { type: "object", $ref: "#/$defs/texts" };

const forEach = <Value>(valueOf: (feature: Feature) => Value, prefix = ""): Record<string, Value> =>
  Object.fromEntries(featureNames.map((feature) => [prefix + feature, valueOf(feature)]));

/**
 * The schema of a version. In version 3 there can be features that are not known here, and known ones can be left out; in version 2
 * neither can be.
 */
export function policySchema(version: 2 | 3) {
  const { features: group, reasons, ...fields } = base.properties;
  const strict = {
    additionalProperties: false,
    required: featureNames.filter((feature) => features[feature].inVersion2 === "stated"),
  };
  return {
    ...base,
    properties: {
      ...fields,
      features: {
        ...group,
        ...(version === 2 ? strict : {}),
        properties: forEach((feature) => ({ description: features[feature].description, type: "boolean" })),
        examples: [forEach(() => true)],
      },
      reasons: {
        ...reasons,
        ...(version === 2 ? {} : { patternProperties: { "^features[.]": texts } }),
        properties: { ...reasons.properties, ...forEach(() => texts, "features.") },
      },
    },
  };
}
