// Which addresses the app may ask. The Content-Security-Policy is made of the same rules, so the browser enforces what `permits` promises.
// Apart from policy.ts for the worker, which needs no more of it. Not for: doing requests.

/** Where the page may connect to besides its own origin. */
export interface NetworkRules {
  readonly modelHosts: readonly string[];
  /** A folder that takes the place of the hub. */
  readonly mirror: string | null;
}

/** Every origin besides the app's own that the page may connect to; `https://*.host` stands for all below one. */
export function connectable({ modelHosts, mirror }: NetworkRules): string[] {
  return [...new Set([...modelHosts, ...(mirror !== null && URL.canParse(mirror) ? [new URL(mirror).origin] : [])])];
}

/** Whether the app may request `url`, for an app served from `ownOrigin`. */
export function permits(url: string, ownOrigin: string, rules: NetworkRules): boolean {
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
