// How a conversation becomes the text that a model reads: by the Jinja template in its file, which its publisher wrote. The one owner of that in this
// runtime: llama.cpp is only ever given texts. Not for: which turns fit (llama-writer.ts).
import { Template } from "@huggingface/jinja";
import { AppError, thrownText } from "../../platform/app-error";
import type { ChatTurn } from "../protocol";

/** For files without a template: the form that most small models of today know. */
const usual = `{% for message in messages %}<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`;

export class ChatTemplate {
  private readonly template: Template;

  /**
   * `begin`: the token that a text begins with, which llama.cpp puts there itself (`addsBegin`). Throws AppError "model-invalid" where the template
   * cannot be read.
   */
  constructor(
    text: string | undefined,
    private readonly begin: string,
    private readonly end: string,
    private readonly addsBegin: boolean,
  ) {
    try {
      this.template = new Template(text ?? usual);
    } catch (error) {
      throw new AppError("model-invalid", `tokenizer.chat_template: ${thrownText(error)}`, "none");
    }
  }

  /** The text of these turns, up to where the model is to write. Throws AppError "model-invalid" where the template refuses them. */
  render(turns: readonly ChatTurn[]): string {
    try {
      const text = this.template.render({
        messages: turns.map(({ role, content }) => ({ role, content })),
        add_generation_prompt: true,
        bos_token: this.begin,
        eos_token: this.end,
      });
      return this.addsBegin && this.begin !== "" && text.startsWith(this.begin) ? text.slice(this.begin.length) : text;
    } catch (error) {
      throw new AppError("model-invalid", `tokenizer.chat_template: ${thrownText(error)}`, "none");
    }
  }
}
