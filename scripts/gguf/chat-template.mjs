// The Jinja template that renders what an MLC conversation template renders (src/engine/webllm/prompt.ts). Pure.

/** A text as Jinja writes it. Escapes are those of Python, which JSON's are too for what templates hold. */
const quoted = (text) => JSON.stringify(text);

/**
 * Source text of the template. A conversation may begin with a message of the role "system", which then stands in for the model's own.
 * Renders the next answer's beginning always when it is asked for (`add_generation_prompt`), as every chat does.
 * @param {{ system_template: string, system_message: string, render_empty_system_message?: boolean, roles: Record<string, string>,
 *   seps: string[], role_content_sep?: string, role_empty_sep?: string }} conversation
 */
export function jinjaOf(conversation) {
  const { system_template, system_message, roles, seps, role_content_sep = ": ", role_empty_sep = ": " } = conversation;
  const [before, ...after] = system_template.split("{system_message}").map(quoted);
  const system = [before, ...after].join(" + system + ");
  const always = conversation.render_empty_system_message !== false;
  const role = (name) => quoted(roles[name] + role_content_sep);
  const roleOf = Object.keys(roles).filter((name) => name !== "user");
  const separator =
    seps.length === 1 ? quoted(seps[0]) : `[${seps.map(quoted).join(", ")}][loop.index0 % ${seps.length}]`;
  return [
    `{%- if messages and messages[0]["role"] == "system" -%}`,
    `{%- set system = messages[0]["content"] -%}{%- set turns = messages[1:] -%}`,
    `{%- else -%}`,
    `{%- set system = ${quoted(system_message)} -%}{%- set turns = messages -%}`,
    `{%- endif -%}`,
    always ? `{{- ${system} -}}` : `{%- if system != "" -%}{{- ${system} -}}{%- endif -%}`,
    `{%- for turn in turns -%}`,
    ...roleOf.map((name, i) => `{%- ${i ? "elif" : "if"} turn["role"] == ${quoted(name)} -%}{{- ${role(name)} -}}`),
    `{%- else -%}{{- ${role("user")} -}}{%- endif -%}`,
    `{{- turn["content"] + ${separator} -}}`,
    `{%- endfor -%}`,
    `{%- if add_generation_prompt -%}{{- ${quoted(roles.assistant + role_empty_sep)} -}}{%- endif -%}`,
  ].join("");
}
