// HTML as a page would have it, for tests of what is markup in it and what is text.

const parsed = (html: unknown) => new DOMParser().parseFromString(String(html), "text/html");

/** The markup of some HTML: without its text, in which anything may stand. */
export function markupOf(html: unknown): string {
  const { body } = parsed(html);
  const texts = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) texts.currentNode.nodeValue = "";
  return body.innerHTML;
}

/** What a person reads of some HTML. */
export const textOf = (html: unknown): string => parsed(html).body.textContent;

/** The elements of some HTML for a selector. */
export const elementsOf = (html: unknown, selector: string): Element[] => [...parsed(html).querySelectorAll(selector)];
