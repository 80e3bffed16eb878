// The policy that the project itself hands out where a deployment states none: policy.json, and of each feature that it does not name what the
// table of features says. For the build and the tests. Not for: the policy that is in force (current-policy.ts).
import { features } from "./features";
import { readPolicy } from "./policy";
import file from "./policy.json" with { type: "json" };

const shipped = Object.fromEntries(Object.entries(features).map(([name, row]) => [name, row.shipped]));

export const shippedPolicy = readPolicy({ ...file, features: { ...shipped, ...file.features } });
