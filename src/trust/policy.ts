// The one place that decides what the app may reach. The build makes the Content-Security-Policy from the same file,
// so the browser enforces what `permits` promises. Not for: doing requests.
import file from "./policy.json" with { type: "json" };

/** What a deployment allows. `modelHosts`: origins (https://host) besides the app's own that weights may come from. */
export interface Policy {
  version: 1;
  modelHosts: readonly string[];
}

const policy: Policy = readPolicy(file);

/** Checks an unknown value as a policy. Throws an Error that names the wrong field. */
export function readPolicy(value: unknown): Policy {
  const p = value as Partial<Policy> | null;
  if (p?.version !== 1) throw new Error("policy.json: version must be 1");
  if (!Array.isArray(p.modelHosts)) throw new Error("policy.json: modelHosts must be a list of origins");
  for (const host of p.modelHosts as unknown[]) {
    if (
      typeof host !== "string" ||
      !URL.canParse(host) ||
      new URL(host).origin !== host ||
      !host.startsWith("https://")
    )
      throw new Error(`policy.json: modelHosts: not an https origin: ${String(host)}`);
  }
  return { version: 1, modelHosts: [...p.modelHosts] };
}

/** Whether the policy lets the app request `url`, for an app served from `ownOrigin`. */
export function permits(url: string, ownOrigin: string, rules: Policy = policy): boolean {
  if (!URL.canParse(url)) return false;
  const { origin } = new URL(url);
  return origin === ownOrigin || rules.modelHosts.includes(origin);
}

/** The Content-Security-Policy of a build. `frame-ancestors` works only as a header, so it is left out of the page's own tag. */
export function contentSecurityPolicy(rules: Policy, place: "header" | "page"): string {
  const directives: [string, ...string[]][] = [
    ["default-src", "'none'"],
    ["script-src", "'self'", "'wasm-unsafe-eval'"],
    ["style-src", "'self'"],
    ["img-src", "'self'"],
    ["connect-src", "'self'", ...rules.modelHosts],
    ["worker-src", "'self'"],
    ["manifest-src", "'self'"],
    ["base-uri", "'none'"],
    ["form-action", "'none'"],
  ];
  if (place === "header") directives.push(["frame-ancestors", "'none'"]);
  return directives.map((d) => d.join(" ")).join("; ");
}

/** The response headers a server should send with every file. `_headers` in the build and the bundled server carry them. */
export function responseHeaders(rules: Policy): Record<string, string> {
  return {
    "Content-Security-Policy": contentSecurityPolicy(rules, "header"),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=(), payment=()",
  };
}
