// The one place that decides what the app may reach. The build makes the Content-Security-Policy from the same file,
// so the browser enforces what `permits` promises. Not for: doing requests.
import file from "./policy.json" with { type: "json" };

/** What a deployment allows. */
export interface Policy {
  version: 1;
  /** Origins besides the app's own that models may come from: https://host, or https://*.host for all below one. */
  modelHosts: readonly string[];
  /**
   * Where models of the catalogue come from in place of the hub: a folder as `npm run mirror` makes it, relative to the
   * app or absolute; it ends with "/". Null: from the hub.
   */
  mirror: string | null;
  /** Whether a person may add models that are not in the catalogue: from an address, a folder or a file. */
  ownModels: boolean;
}

export const policy: Policy = readPolicy(file);

/** Whether a text is the origin of a host that WebGPU pages may ask: https, or this machine itself for trying things out. */
function isOrigin(text: unknown): text is string {
  if (typeof text !== "string") return false;
  const plain = text.replace("https://*.", "https://any.");
  if (!URL.canParse(plain) || plain.includes("*")) return false;
  const { origin, protocol, hostname } = new URL(plain);
  return origin === plain && (protocol === "https:" || (protocol === "http:" && hostname === "127.0.0.1"));
}

/** Checks an unknown value as a policy. Throws an Error that names the wrong field. */
export function readPolicy(value: unknown): Policy {
  const p = value as Partial<Policy> | null;
  if (p?.version !== 1) throw new Error("policy.json: version must be 1");
  if (!Array.isArray(p.modelHosts)) throw new Error("policy.json: modelHosts must be a list of origins");
  for (const host of p.modelHosts as unknown[])
    if (!isOrigin(host)) throw new Error(`policy.json: modelHosts: not an https origin: ${String(host)}`);
  const { mirror, ownModels } = p;
  if (mirror !== null) {
    if (typeof mirror !== "string" || !mirror.endsWith("/") || /[\s;,]/.test(mirror))
      throw new Error('policy.json: mirror must be null or the address of a folder, with "/" at its end');
    if (URL.canParse(mirror) && !isOrigin(new URL(mirror).origin))
      throw new Error(`policy.json: mirror: not an https address: ${mirror}`);
  }
  if (typeof ownModels !== "boolean") throw new Error("policy.json: ownModels must be true or false");
  return { version: 1, modelHosts: [...p.modelHosts], mirror: mirror as string | null, ownModels };
}

/** Every origin besides the app's own that the policy lets the page connect to. */
function connectable(rules: Policy): string[] {
  const mirror = rules.mirror !== null && URL.canParse(rules.mirror) ? [new URL(rules.mirror).origin] : [];
  return [...new Set([...rules.modelHosts, ...mirror])];
}

/** Whether the policy lets the app request `url`, for an app served from `ownOrigin`. */
export function permits(url: string, ownOrigin: string, rules: Policy = policy): boolean {
  if (!URL.canParse(url)) return false;
  const { origin } = new URL(url);
  return (
    origin === ownOrigin ||
    connectable(rules).some((host) =>
      host.startsWith("https://*.")
        ? origin.startsWith("https://") && origin.endsWith(host.slice("https://*".length))
        : host === origin,
    )
  );
}

/** Those of trusted-types.ts, of DOMPurify, and of Svelte for the app's own templates. */
const trustedTypesPolicies = ["default", "islet", "dompurify", "svelte-trusted-html"];

/** The Content-Security-Policy of a build. `frame-ancestors` works only as a header, so it is left out of the page's own tag. */
export function contentSecurityPolicy(rules: Policy, place: "header" | "page"): string {
  const directives: [string, ...string[]][] = [
    ["default-src", "'none'"],
    ["script-src", "'self'", "'wasm-unsafe-eval'"],
    ["style-src", "'self'"],
    ["img-src", "'self'"],
    ["connect-src", "'self'", ...connectable(rules)],
    ["worker-src", "'self'"],
    ["manifest-src", "'self'"],
    ["base-uri", "'none'"],
    ["form-action", "'none'"],
    ["require-trusted-types-for", "'script'"],
    ["trusted-types", ...trustedTypesPolicies],
  ];
  if (place === "header") directives.push(["frame-ancestors", "'none'"]);
  return directives.map((d) => d.join(" ")).join("; ");
}

/** What browsers can do and the app has no use for. */
const deniedFeatures = [
  ...["accelerometer", "autoplay", "bluetooth", "camera", "compute-pressure", "display-capture", "encrypted-media"],
  ...["fullscreen", "geolocation", "gamepad", "gyroscope", "hid", "identity-credentials-get", "idle-detection"],
  ...["local-fonts", "magnetometer", "microphone", "midi", "otp-credentials", "payment", "picture-in-picture"],
  ...["screen-wake-lock", "serial", "storage-access", "usb", "window-management", "xr-spatial-tracking"],
];

/** The response headers a server should send with every file. `_headers` in the build and the bundled server carry them. */
export function responseHeaders(rules: Policy): Record<string, string> {
  return {
    "Content-Security-Policy": contentSecurityPolicy(rules, "header"),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": deniedFeatures.map((feature) => `${feature}=()`).join(", "),
  };
}
