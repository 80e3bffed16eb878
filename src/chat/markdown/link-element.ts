// Links of an answer as elements that lead nowhere by themselves: a browser looks up and connects to an `href` as soon as a person hovers over it
// or presses it. The marks that render.ts makes within the answer (a footnote, the way back from it, the box of a task) stay. Not for: where
// a link leads (trust/foreign-link.ts), or asking before it is opened.
import { readLink } from "../../trust/foreign-link";
import { shortened } from "../../platform/shortened";

const MOST_SHOWN = 300;
const ownMark = /^#((?:note|ref)-\d{1,6}|task-(?:done|open))$/;

/** Takes every address out of a sanitised element. A link that can be opened keeps its own where only `linkOf` finds it. */
export function withoutAddress(element: Element): void {
  const href = element.localName === "a" ? element.getAttribute("href") : null;
  for (const name of ["href", "xlink:href", "target", "rel", "ping", "download", "data-url", "data-mark"])
    element.removeAttribute(name);
  const mark = ownMark.exec(href ?? "")?.[1];
  if (mark !== undefined) element.setAttribute("data-mark", mark);
  const link = readLink(href ?? "");
  if (!link) return;
  element.setAttribute("role", "link");
  element.setAttribute("tabindex", "0");
  element.setAttribute("data-url", href!);
  element.setAttribute("title", shortened(link.url, MOST_SHOWN));
}

/** The address of the link that an event happened in; undefined outside of links. */
export function linkOf({ target }: Event): string | undefined {
  return (target as Element).closest<HTMLElement>("a[data-url]")?.dataset["url"];
}

/**
 * The other end of the footnote, or of its way back, that an event happened in; undefined outside of those. A note may be referred to in several
 * places: `cameFrom` is the one that the person came from.
 */
export function otherEnd({ target, currentTarget }: Event, cameFrom?: HTMLElement): HTMLElement | undefined {
  const mark = (target as Element).closest<HTMLElement>("a[data-mark]")?.dataset["mark"] ?? "";
  const [, end, note] = /^(note|ref)-(\d+)$/.exec(mark) ?? [];
  if (end === undefined) return undefined;
  const other = `a[data-mark="${end === "note" ? "ref" : "note"}-${note!}"]`;
  if (cameFrom?.isConnected && cameFrom.matches(other)) return cameFrom;
  return (currentTarget as Element).querySelector<HTMLElement>(other) ?? undefined;
}
