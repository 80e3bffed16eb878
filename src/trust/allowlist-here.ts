// Whether the header Connection-Allowlist holds for this page. Not for: what stands in it (allowlist.ts).
import { ELSEWHERE } from "../platform/ways-out";
import { ALLOWLIST } from "./rules/allowlist";

/** The first version of Chromium that heeds the header. */
const HEEDED_SINCE = 152;

/** The address of the headers that this page came with: from the service worker, or past it by an address that it does not keep. */
export function ownAddress(): string {
  const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  return new URL(navigation?.workerStart ? "index.html" : ".?policy", document.baseURI).href;
}

let found: Promise<string | undefined> | undefined;

/** The list, where it came with this page and the browser heeds it. It is the same as long as the page lives. */
export const allowlistHere = (): Promise<string | undefined> => (found ??= find());

/** 0 where it is another browser. A page that came over plain HTTP is told only what every server is told. */
function versionOfChromium(): number {
  const { brands } =
    (navigator as { userAgentData?: { brands: { brand: string; version: string }[] } }).userAgentData ?? {};
  const version = brands
    ? brands.find(({ brand }) => brand === "Chromium")?.version
    : /Chrom(?:e|ium)\/(\d+)/.exec(navigator.userAgent)?.[1];
  return Number(version ?? 0);
}

async function find(): Promise<string | undefined> {
  const version = versionOfChromium();
  if (version < HEEDED_SINCE) return undefined;
  const response = await fetch(ownAddress()).catch(() => undefined);
  const list = response?.headers.get(ALLOWLIST);
  return !list || allows(list, ELSEWHERE) ? undefined : list;
}

/** Whether one of a list's patterns takes in an address, or cannot be read. */
function allows(list: string, url: string): boolean {
  const { URLPattern: Pattern } = globalThis as {
    URLPattern?: new (pattern: string) => { test(url: string): boolean };
  };
  const patterns = [...list.matchAll(/"([^"]*)"/g)].map(([, pattern]) => pattern!);
  const takesIn = (pattern: string) => {
    try {
      return !Pattern || new Pattern(pattern).test(url);
    } catch {
      return true;
    }
  };
  return patterns.some(takesIn);
}
