// What is let fall on the page never takes its place: without this, a browser leaves the app and shows the file, or follows the address.

const isField = (target: EventTarget | null) =>
  target instanceof Element && target.closest("input, textarea, [contenteditable]") !== null;

/** Whether files are being dragged, from outside of the page. */
export const hasFiles = ({ dataTransfer }: DragEvent): boolean => dataTransfer?.types.includes("Files") ?? false;

/** Refuses what a browser would do with files and addresses, for as long as the page lives. Text still goes into fields. */
export function keepPage(): void {
  const refuse = (event: DragEvent) => {
    const { dataTransfer, target } = event;
    if (hasFiles(event) || (dataTransfer?.types.includes("text/uri-list") && !isField(target))) event.preventDefault();
  };
  // Before anybody else hears of it, so that nobody can forget it.
  for (const type of ["dragover", "drop"] as const) addEventListener(type, refuse, { capture: true });
}
