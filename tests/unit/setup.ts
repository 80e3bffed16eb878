// What Node lacks of the browser: IndexedDB; and the policy that the page reads at its start.
import "fake-indexeddb/auto";
import { setPolicy } from "../../src/trust/current-policy";
import { shippedPolicy } from "../../src/trust/rules/shipped-policy";

setPolicy(shippedPolicy);
