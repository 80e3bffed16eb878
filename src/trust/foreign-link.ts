// Where an address from outside leads, as a person should see it before it is opened, and the one way in which it is opened. Everything that is
// shown is ASCII as the browser itself would send it, so nothing in it can turn the text around, hide, or look like another name. Not for: asking (LinkDialog.svelte).
import { MAIL } from "./rules/allowlist";
import { allowlistHere } from "./allowlist-here";
import { LEAVE, type LeaveAnswer, type LeaveOrder } from "./leave-order";

/** An address that can be opened: a page of the web, or somebody to write to. */
export interface ForeignLink {
  kind: "web" | "mail";
  /** What is opened, and nothing else: without a user name and password, without what would fill in a letter. */
  url: string;
  /** Where it leads: the host, with its port where that is not the usual one; for mail the address. */
  to: string;
  /** How the host is written where its name is not ASCII; absent where that could be taken for another name. */
  readable?: string;
  /** What `url` lacks of the text. */
  leftOut?: "credentials" | "letter";
  /** Whether anyone on the way can read what is sent. */
  unencrypted: boolean;
}

/** Of a host, in characters; no server that looks names up takes more. Source: https://www.rfc-editor.org/rfc/rfc1035, section 2.3.4 */
const LONGEST_NAME = 253;

/** Reads a whole address. Undefined for what leads neither to the web nor to one mail address, and for what is relative. */
export function readLink(text: string): ForeignLink | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol === "http:" || url.protocol === "https:") return webLink(url);
  return url.protocol === "mailto:" ? mailLink(url) : undefined;
}

function webLink(url: URL): ForeignLink | undefined {
  if (url.hostname.length > LONGEST_NAME) return undefined;
  const credentials = url.username !== "" || url.password !== "";
  url.username = "";
  url.password = "";
  const readable = readableHost(url.hostname);
  return {
    kind: "web",
    url: url.href,
    to: url.host,
    ...(readable ? { readable } : {}),
    ...(credentials ? { leftOut: "credentials" } : {}),
    unencrypted: url.protocol === "http:",
  };
}

/** One address; subject, text and further addresses are left out, since they carry whatever the link's author wants. */
function mailLink({ pathname, search, hash }: URL): ForeignLink | undefined {
  // No "%" before the "@": a mail program would make another address, or two, of what it stands for.
  const [, name, domain] = /^([\w.!#$&'*+/=?^`{|}~-]{1,64})@([^@:/\\,;]+)$/.exec(pathname) ?? [];
  if (!name || !URL.canParse(`https://${domain}`)) return undefined;
  const { hostname } = new URL(`https://${domain}`);
  if (hostname.length > LONGEST_NAME) return undefined;
  const to = `${name}@${hostname}`;
  const readable = readableHost(hostname);
  return {
    kind: "mail",
    url: `mailto:${to}`,
    to,
    ...(readable ? { readable } : {}),
    ...(search || hash ? { leftOut: "letter" } : {}),
    unencrypted: false,
  };
}

/**
 * A host with `xn--` labels as people write it. Undefined where it has none, and where a label mixes scripts or uses any but Latin, Japanese or
 * Korean: such names are made to look like others.
 */
function readableHost(host: string): string | undefined {
  const labels = host.split(".");
  if (!labels.some((label) => label.startsWith("xn--"))) return undefined;
  const written = labels.map((label) => (label.startsWith("xn--") ? fromPunycode(label.slice(4)) : label));
  return written.every((label) => label !== undefined && isPlain(label)) ? written.join(".") : undefined;
}

/** Whether a label is of one script, Latin with the usual marks above its letters among them. */
function isPlain(label: string): boolean {
  return (
    /^[a-z0-9-]+$/.test(label.normalize("NFD").replace(/[\u0300-\u0303\u0306\u0308-\u030c\u031b\u0327]/g, "")) ||
    /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー0-9-]+$/u.test(label) ||
    /^[\p{Script=Hangul}0-9-]+$/u.test(label)
  );
}

/**
 * Decodes one label without its `xn--`; undefined for what is no Punycode.
 * Source: https://www.rfc-editor.org/rfc/rfc3492, section 6.2
 */
function fromPunycode(label: string): string | undefined {
  const base = 36;
  const end = label.lastIndexOf("-");
  const output = end > 0 ? [...label.slice(0, end)] : [];
  let [point, bias, index] = [128, 72, 0];
  for (let at = end > 0 ? end + 1 : 0; at < label.length;) {
    const before = index;
    for (let weight = 1, k = base; ; k += base) {
      const digit = "abcdefghijklmnopqrstuvwxyz0123456789".indexOf(label[at++] ?? "!");
      if (digit < 0) return undefined;
      index += digit * weight;
      const threshold = Math.min(Math.max(k - bias, 1), 26);
      if (digit < threshold) break;
      weight *= base - threshold;
    }
    const length = output.length + 1;
    bias = adapted(index - before, length, before === 0);
    point += Math.floor(index / length);
    index %= length;
    if (point > 0x10ffff) return undefined;
    output.splice(index++, 0, String.fromCodePoint(point));
  }
  return output.join("");
}

function adapted(delta: number, length: number, first: boolean): number {
  let rest = first ? Math.floor(delta / 700) : delta >> 1;
  rest += Math.floor(rest / length);
  let k = 0;
  for (; rest > 455; k += 36) rest = Math.floor(rest / 35);
  return k + Math.floor((36 * rest) / (rest + 38));
}

/** Milliseconds in which the service worker must have answered; a press of a person counts for a little longer. */
const PATIENCE = 3000;

/** The service worker's page that leads to an address; undefined where there is none, or one that does not know of it. */
async function wayTo(url: string): Promise<string | undefined> {
  const { controller } = (navigator.serviceWorker as ServiceWorkerContainer | undefined) ?? {};
  if (!controller) return undefined;
  const { port1, port2 } = new MessageChannel();
  const query = await new Promise<LeaveAnswer>((resolve) => {
    setTimeout(() => resolve(null), PATIENCE);
    port1.onmessage = ({ data }: MessageEvent<LeaveAnswer>) => resolve(data);
    controller.postMessage({ type: "LEAVE", url } satisfies LeaveOrder, [port2]);
  });
  port1.close();
  return query === null ? undefined : new URL(LEAVE + query, document.baseURI).href;
}

/** Whether the browser lets this page itself go to an address. */
async function canLeaveDirectly({ kind }: ForeignLink): Promise<boolean> {
  const list = await allowlistHere();
  return list === undefined || (kind === "mail" && list.includes(MAIL));
}

/** Whether an address can be opened from here: where the page may connect to nothing else, only by way of a service worker. */
export async function canLeaveTo(to: ForeignLink): Promise<boolean> {
  const { controller } = (navigator.serviceWorker as ServiceWorkerContainer | undefined) ?? {};
  return (to.kind === "web" && Boolean(controller)) || canLeaveDirectly(to);
}

/**
 * Opens an address that a person has confirmed: the web in a tab of its own that knows nothing of this one, mail in the mail program. Returns
 * whether that was possible.
 */
export async function leaveTo(to: ForeignLink): Promise<boolean> {
  const { kind, url } = to;
  const way = kind === "web" ? await wayTo(url) : undefined;
  if (way === undefined && !(await canLeaveDirectly(to))) return false;
  // Never in the page: an address that stands there is looked up and connected to before it is pressed.
  const link = document.createElement("a");
  link.href = way ?? url;
  link.rel = "noopener noreferrer external";
  if (kind === "web") link.target = "_blank";
  link.click();
  return true;
}
