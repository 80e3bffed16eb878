// How anyone makes the same build again and compares it: the commands, in the order in which they are typed. Pure, so that a test can run them.
// Not for: whether the page's own files are those of the build (build-files.ts).

interface Build {
  /** Where the sources are; "" where that is not stated. */
  repository: string;
  commit: string;
  /** The folder of the deployment, with "/" at its end. */
  base: string;
}

/** Ends with the hash that build.json of the deployment must have. For a POSIX shell with git, Node, curl. */
export function buildRecipe({ repository, commit, base }: Build): string[] {
  return [
    `git clone ${repository || "REPOSITORY"} islet && cd islet`,
    `git checkout ${commit}`,
    "npm ci",
    "npm run build",
    `curl -o policy.json ${base}policy.json`,
    "npm run policy -- policy.json",
    "sha256sum dist/build.json",
  ];
}
