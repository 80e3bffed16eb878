// The kernels of the starter model: prefill against decode for a prompt of about 256 tokens; with ISLET_COMPARE=FOLDER
// also against another library and weights of the same model (a folder as the recipes write it), turn by turn.
import { createReadStream, existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "playwright/test";
import { models } from "../e2e/app";
import { openLibrary } from "../e2e/library/harness";

const ROUNDS = 3;
const ANSWER = 24;
const prompt = Array.from({ length: 22 }, (_, i) => `The ship number ${i} sails over the sea.`).join(" ");
const middle = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

interface Figures {
  tokens: number;
  prefill: number;
  decode: number;
}

test("kernels", async () => {
  const other = process.env["ISLET_COMPARE"];
  const results: Record<string, Figures[]> = {};
  let adapter = "";
  for (let round = 0; round < ROUNDS; round++)
    for (const name of other ? ["islet", "other"] : ["islet"]) {
      const app = await openLibrary("starter", (path, _request, response) => {
        if (name === "islet" || !path.startsWith(`/models/${models.starter.id}/`)) return false;
        const file = join(other!, path.split("/").at(-1)!);
        if (existsSync(file)) createReadStream(file).pipe(response);
        else response.writeHead(404).end();
        return true;
      });
      const figures = await app.page.evaluate(
        async ({ prompt, max_tokens }) => {
          const { engine } = window.library;
          const settings = { temperature: 0, max_tokens, messages: [{ role: "user" as const, content: prompt }] };
          await engine.chat.completions.create({
            ...settings,
            max_tokens: 2,
            messages: [{ role: "user", content: "Hello" }],
          });
          await engine.resetChat();
          const { usage } = await engine.chat.completions.create(settings);
          return {
            tokens: usage!.prompt_tokens,
            prefill: usage!.extra.prefill_tokens_per_s,
            decode: usage!.extra.decode_tokens_per_s,
          };
        },
        { prompt, max_tokens: ANSWER },
      );
      (results[name] ??= []).push(figures);
      adapter = await app.adapter();
      await app.close();
    }
  const rate = (name: string, what: "prefill" | "decode") => middle(results[name]!.map((f) => f[what]));
  console.log(adapter);
  for (const [name, figures] of Object.entries(results))
    console.log(
      `${name}: prompt of ${figures[0]!.tokens} tokens, prefill ${rate(name, "prefill").toFixed(1)} tok/s, decode ` +
        `${rate(name, "decode").toFixed(2)} tok/s, prefill : decode = ${(rate(name, "prefill") / rate(name, "decode")).toFixed(1)}`,
    );
  if (other)
    for (const what of ["prefill", "decode"] as const)
      console.log(`islet : other, ${what} = ${(rate("islet", what) / rate("other", what)).toFixed(2)}`);
});
