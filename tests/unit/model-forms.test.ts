// What is let in as a model can be read again as a record, unchanged.
import fc from "fast-check";
import { expect, test } from "vitest";
import { admit } from "../../src/models/catalogue/admit";
import { knownCards } from "../../src/models/catalogue/catalogue";
import { addedKey, installedKey, addedForm, installedForm } from "../../src/models/model-forms";
import { setPolicy } from "../../src/trust/current-policy";
import { readPolicy } from "../../src/trust/rules/policy";
import rules from "../../src/trust/rules/policy.json" with { type: "json" };

const id = fc.oneof(
  fc.stringMatching(/^\w[\w.-]{0,127}$/),
  fc.stringMatching(/^\w[\w.-]{127}$/),
  fc.constantFrom(...knownCards.filter(({ pins }) => !pins).map((card) => card.id)),
);
const said = fc.option(fc.oneof(fc.string({ maxLength: 300, unit: "binary" }), fc.integer()), { nil: undefined });
const facts = fc.record({ name: said, publisher: said, licence: said, parameters: said });
const base = "https://huggingface.co/someone/";

test("a model that is let in is there again at the next start, as what it was let in", () => {
  setPolicy(readPolicy(rules));
  fc.assert(
    fc.property(id, facts, fc.nat(), fc.boolean(), (id, facts, size, given) => {
      const known = knownCards.some((card) => card.id === id);
      const origin = given || known ? { kind: "given" } : { kind: "address", base, library: `${base}lib.wasm` };
      const card = admit({ id, origin, facts, size });
      expect(addedForm.read({ version: 1, card }, addedKey(card.id))?.card).toEqual(card);
      const installed = { version: 1, id: card.id, files: {}, hashes: "package", known: false, source: "folder" };
      expect(installedForm.read(installed, installedKey(card.id))).toMatchObject({ id: card.id, hashes: "package" });
    }),
    { numRuns: 300 },
  );
});
