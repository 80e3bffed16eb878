// The files that a person dropped, with their paths. Not for: reading them.
import type { GivenFile } from "../engine/protocol";

/** The dropped files, and those in dropped folders. */
export async function filesOfDrop(event: DragEvent): Promise<GivenFile[]> {
  // The list of items is gone once this function has waited for anything.
  const items = [...(event.dataTransfer?.items ?? [])].map((item) => ({
    entry: item.webkitGetAsEntry(),
    file: item.getAsFile(),
  }));
  const found = await Promise.all(
    items.map(({ entry, file }) => (entry ? filesOfEntry(entry) : file ? [{ path: file.name, file }] : [])),
  );
  return found.flat();
}

async function filesOfEntry(entry: FileSystemEntry): Promise<GivenFile[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ path: entry.fullPath.replace(/^\//, ""), file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: GivenFile[] = [];
  for (;;) {
    // Each call gives some of the entries, and none when there are no more.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return found;
    for (const inner of some) found.push(...(await filesOfEntry(inner)));
  }
}
