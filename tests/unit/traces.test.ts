// @vitest-environment node
// Browsers keep what was typed into a field, for going back and for the case that they end, unless the field says not to.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

test("every field in which a person writes tells the browser not to keep what is in it", () => {
  const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".svelte"));
  const fields = files.flatMap((file) =>
    [...readFileSync(join("src", file), "utf8").matchAll(/<(input|textarea)\b[^]*?(\/>|<\/textarea>)/g)].map(
      ([field]) => `${file}: ${field}`,
    ),
  );
  const written = fields.filter((field) => !/type="(checkbox|radio|number|range|file)"/.test(field));
  expect(written.length).toBeGreaterThan(8);
  // Those of a vault's passphrase are for password managers, and are kept by nothing else.
  expect(written.filter((field) => !/autocomplete="(off|current-password|new-password)"/.test(field))).toEqual([]);
});
