// Where the focus goes when the element that had it disappears: a button removed by its own press, a deleted row, a page replaced by another.
// Browsers then leave it on the body, where keyboard and screen reader users have to start again. Not for: dialogs, which give it back
// themselves, or places that are better known where the change is made.

const FOCUSABLE = "button, input, select, textarea, summary, a[href], [tabindex]:not([tabindex='-1'])";
/** Elements that had the focus before, at most. */
const MOST = 10;

const isUsable = (element: Element) =>
  element.isConnected && !element.matches(":disabled") && element.closest("[inert]") === null;
const canTake = (element: Element) =>
  isUsable(element) && (!("checkVisibility" in element) || element.checkVisibility({ visibilityProperty: true }));
const firstIn = (element: Element | undefined) =>
  element && [...(element.matches(FOCUSABLE) ? [element] : []), ...element.querySelectorAll(FOCUSABLE)].find(canTake);

/** Where an element stood: its ancestors, each with the place of the one below among its children. */
function trailOf(element: Element): { parent: Element; at: number }[] {
  const trail = [];
  for (let child = element; child.parentElement; child = child.parentElement)
    trail.push({ parent: child.parentElement, at: [...child.parentElement.children].indexOf(child) });
  return trail;
}

/** What stands in its place or before it; else what it stood in; else what had the focus before; else the page's main part. */
function nextTo(trail: ReturnType<typeof trailOf>, before: readonly Element[]): Element | undefined {
  const there = trail.filter(({ parent }) => parent.isConnected);
  const [nearest] = there;
  const { children } = nearest?.parent ?? document.body;
  const main = document.querySelector("main") ?? undefined;
  // The page was replaced: whatever happens to be in the same place is not where to continue.
  if (trail.some(({ parent }) => parent.localName === "main" && !parent.isConnected)) return main;
  const beside = nearest && nearest.parent !== document.body ? [nearest.at, nearest.at - 1] : [];
  for (const at of beside) {
    const found = firstIn(children[at]);
    if (found) return found;
  }
  for (const { parent } of there) {
    if (parent.matches("dialog")) return firstIn(parent);
    if (parent !== main && parent.matches("[tabindex]") && canTake(parent)) return parent;
  }
  return before.find(canTake) ?? main;
}

/** Moves the focus to the nearest element whenever the focused one disappears or becomes unusable, for as long as the page lives. */
export function keepFocus(): void {
  let last: Element | undefined;
  let trail: ReturnType<typeof trailOf> = [];
  let before: Element[] = [];
  const isLost = () => last !== undefined && !isUsable(last);
  document.addEventListener("focusin", ({ target }) => {
    if (last) before = [last, ...before.filter((e) => e !== last && e.isConnected)].slice(0, MOST);
    last = target as Element;
    trail = trailOf(last);
  });
  document.addEventListener("focusout", () =>
    // Clicking on nothing means that no element should have the focus.
    setTimeout(() => {
      if (document.activeElement === document.body && !isLost()) last = undefined;
    }),
  );
  new MutationObserver(() => {
    if (!isLost()) return;
    // Runs after the rest of the change, so that code that knows a better place can set the focus first.
    setTimeout(() => {
      const { activeElement } = document;
      if (!isLost() || (activeElement !== document.body && activeElement !== last)) return;
      const found = nextTo(trail, before);
      last = undefined;
      (found as HTMLElement | undefined)?.focus({ preventScroll: true });
    });
  }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["disabled"] });
}
