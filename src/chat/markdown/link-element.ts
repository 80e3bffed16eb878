// Links of an answer as elements that lead nowhere by themselves: a browser looks up and connects to an `href` as soon as a person hovers over it
// or presses it. Not for: what a link leads to (trust/foreign-link.ts), or asking before it is opened.
import { readLink } from "../../trust/foreign-link";

const MOST_SHOWN = 300;

/** Takes every address out of a sanitised element. What was a link that can be opened keeps it where only `linkOf` finds it. */
export function withoutAddress(element: Element): void {
  const href = element.localName === "a" ? element.getAttribute("href") : null;
  for (const name of ["href", "xlink:href", "target", "rel", "ping", "download", "data-url"])
    element.removeAttribute(name);
  const link = readLink(href ?? "");
  if (!link) return;
  element.setAttribute("role", "link");
  element.setAttribute("tabindex", "0");
  element.setAttribute("data-url", href!);
  element.setAttribute("title", link.url.slice(0, MOST_SHOWN));
}

/** The address of the link in which something happened; undefined outside of links. */
export function linkOf({ target }: Event): string | undefined {
  return (target as Element).closest<HTMLElement>("a[data-url]")?.dataset["url"];
}
