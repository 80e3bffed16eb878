// Asks the person for files, in the browser's own dialog. Must be called while a click or a key still counts.

/** Resolves with the chosen files, none when the dialog was closed. `folder`: all files of a folder, with their paths. */
export function pickFiles(options: { accept?: string; multiple?: boolean; folder?: boolean } = {}): Promise<File[]> {
  const input = document.createElement("input");
  input.type = "file";
  input.accept = options.accept ?? "";
  input.multiple = options.multiple ?? false;
  input.webkitdirectory = options.folder ?? false;
  return new Promise((resolve) => {
    input.onchange = () => resolve([...(input.files ?? [])]);
    input.oncancel = () => resolve([]);
    input.click();
  });
}
