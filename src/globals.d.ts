/** The version in package.json, put in by the build. */
declare const __APP_VERSION__: string;

/** The commit that was built, with "+" where files were changed since; "" where that is not known. */
declare const __APP_COMMIT__: string;

/** The address of the sources, as package.json has it; "" where it does not say. */
declare const __APP_REPOSITORY__: string;

/** The models that the installed runtimes have builds of, as they say themselves (scripts/), put in by the build. */
declare const __PREBUILT_MODELS__: readonly import("./models/catalogue/catalogue").PrebuiltModel[];

// The File System Access API, which TypeScript's own list does not have. Source: https://wicg.github.io/file-system-access/
interface Window {
  showDirectoryPicker?(options?: { mode?: "read" | "readwrite" }): Promise<FileSystemDirectoryHandle>;
}
