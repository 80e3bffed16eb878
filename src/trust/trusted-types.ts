// Trusted Types: the browser takes HTML and addresses of scripts only from the policies here, from DOMPurify's, and from Svelte's for the
// app's own templates. The Content-Security-Policy names them all. Without the feature (in tests of single functions) texts pass as they are.
import { deploymentAddress } from "../platform/deployment";

interface Rules {
  createHTML?: (html: string) => string;
  createScriptURL?: (url: string) => string | undefined;
}
interface Factory {
  createPolicy(name: string, rules: Rules): { createHTML(html: string): unknown };
}
const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;

/** Whether an address is that of one of the app's own scripts: beside the page, not of a model. */
export function isOwnScript(url: string, base: string): boolean {
  const { origin, pathname } = new URL(url, base);
  const folder = new URL(".", base);
  const path = pathname.startsWith(folder.pathname) ? pathname.slice(folder.pathname.length) : "";
  return origin === folder.origin && /^(?:assets\/[\w-]+\.js|service-worker\.js)$/.test(path);
}

// What starts a worker goes through here by itself; texts that become HTML do not.
if (import.meta.env.PROD)
  factory?.createPolicy("default", {
    // Nothing: the browser refuses, and reports that it did.
    createScriptURL: (url) => (isOwnScript(url, deploymentAddress()) ? url : undefined),
  });

/** Gives a function that makes HTML which the page accepts, by way of one that takes out what is dangerous. */
export function trustedHtml(sanitise: (html: string) => string): (html: string) => string {
  const policy = factory?.createPolicy("islet", { createHTML: sanitise });
  return policy ? (html) => policy.createHTML(html) as string : sanitise;
}
