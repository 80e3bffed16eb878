// What Node lacks of the browser: IndexedDB; and the policy that the page reads at its start.
import "fake-indexeddb/auto";
import rules from "../../src/trust/policy.json" with { type: "json" };
import { setPolicy } from "../../src/trust/current-policy";
import { readPolicy } from "../../src/trust/policy";

setPolicy(readPolicy(rules));
