// What Node lacks of the browser: IndexedDB; and what the page has read when it begins: the policy, and here the texts of every language.
import "fake-indexeddb/auto";
import { setLanguage } from "../../src/i18n/i18n.svelte";
import { languages } from "../../src/i18n/languages";
import { setPolicy } from "../../src/trust/current-policy";
import { shippedPolicy } from "../../src/trust/rules/shipped-policy";

setPolicy(shippedPolicy);

// English last, in which the page then is. A test without a page reads no texts.
if ("document" in globalThis) for (const language of languages.toReversed()) await setLanguage(language);
