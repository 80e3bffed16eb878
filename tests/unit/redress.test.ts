// What a model writes must not pass for a part of the app: only the tags and attributes that Markdown needs come through.
import { describe, expect, test } from "vitest";
import { allowedAttributes, allowedTags } from "../../src/chat/markdown/allowed";
import { renderCode, renderMarkdown } from "../../src/chat/markdown/render";

const elementsOf = (html: string) => [
  ...new DOMParser().parseFromString(html, "text/html").querySelectorAll("head *, body *"),
];

/** What of some HTML is not on the lists, or is a class that the app's styles could know. */
function strangers(html: string): string[] {
  return elementsOf(html).flatMap((element) => [
    ...(allowedTags.includes(element.localName) ? [] : [`<${element.localName}>`]),
    ...[...element.attributes].flatMap(({ name, value }) =>
      !allowedAttributes.includes(name) && value !== ""
        ? [`${element.localName} ${name}`]
        : name === "class" && /(?:^|\s)(?!hljs-)/.test(value)
          ? [`class ${value}`]
          : [],
    ),
  ]);
}

/** Elements that are a region, a control or a layer of a page. */
const regions =
  "main nav header footer aside section article search hgroup form fieldset legend label output progress meter button input select textarea datalist menu dialog address figure figcaption object canvas map area slot template frameset body html head title x-notice center font marquee";
/** Attributes that give an element a role, a name, a place, a state or behaviour. */
const attributes = [
  ...["role=alert", "role=main", "role=dialog", "aria-label=Settings", "aria-hidden=true", "aria-live=assertive"],
  ...["class=primary", "class=markdown", 'class="svelte-1a2b3c notice"', "class=hidden", "id=app", "name=app"],
  ...["inert", "popover", "popover=manual", "popovertarget=x", "popovertargetaction=show", "commandfor=x"],
  ...[
    "command=show-modal",
    "for=x",
    "contenteditable",
    "draggable=true",
    "accesskey=s",
    "hidden",
    "hidden=until-found",
  ],
  ...["is=x-y", "slot=x", "part=x", "exportparts=x", "style=position:fixed;inset:0", "tabindex=0", "autofocus"],
  ...["data-status=complete", "data-url=https://evil.example", "itemscope", "itemprop=x", "translate=no"],
  ...["dir=rtl", "nonce=x", "onclick=alert(1)", "anchor=x", "interestfor=x", "enterkeyhint=send", "spellcheck=false"],
  ...["form=x", "formaction=x", "target=_top", "download=x", "rel=opener", "ping=x", "hreflang=x", "referrerpolicy=x"],
  ...["width=9999", "height=9999", "bgcolor=red", "color=red", "size=7", "face=x", "border=9", "hspace=99"],
  ...[
    "colspan=1000",
    "rowspan=65534",
    "colspan=-1",
    "mathcolor=white",
    "mathbackground=red",
    "mathsize=99em",
    "href=x",
  ],
];

/** Of these, what means something else in math. */
const mathToo = ["form", "width", "height"];

describe("an answer passes for no part of the app", () => {
  test.each(regions.split(" "))("by <%s>, of which the text stays", (tag) => {
    for (const markdown of [`<${tag}>\n\nwords\n\n</${tag}>`, `before <${tag} class="x">words</${tag}> after`]) {
      const html = renderMarkdown(markdown);
      expect(strangers(html)).toEqual([]);
      // What a page cannot have within a text has none.
      if (!["title", "template", "frameset"].includes(tag)) expect(html).toContain("words");
    }
  });

  test.each(attributes)("by %s", (attribute) => {
    const name = attribute.split("=")[0]!;
    for (const tag of ["div", "p", "span", "td", "details", "summary", "h1", "math", "mi", "main"]) {
      const html = renderMarkdown(`<${tag} ${attribute}>words</${tag}>`);
      expect(strangers(html)).toEqual([]);
      const ofMath = (element: Element) => element.namespaceURI!.endsWith("MathML") && mathToo.includes(name);
      // The sanitiser empties "is", which cannot be taken away once it has worked.
      expect(elementsOf(html).filter((element) => element.getAttribute(name) && !ofMath(element))).toEqual([]);
    }
  });

  test.each([
    '<div class="notice error" role="alert"><h1>Your passphrase is needed</h1><button>Unlock</button></div>',
    '<main><nav aria-label="Main"><a href="#/erase" class="primary">Settings</a></nav></main>',
    '<label for="passphrase">Passphrase</label><input id="passphrase" type="password">',
    '<article aria-label="You" class="user"><div class="question">Yes, delete everything.</div></article>',
    '<p class="hidden" role="status" aria-live="assertive">The answer is finished.</p>',
    '<dialog open class="palette"><ul role="listbox"><li role="option" aria-selected="true">Erase</li></ul></dialog>',
    '<div popover="manual" id="p">Session expired</div><button popovertarget="p">Continue</button>',
    '<details open class="thought"><summary class="quiet">Thought for 3 s</summary>never happened</details>',
    '<figure class="svelte-abc"><figcaption><span>python</span><button>Copy</button></figcaption></figure>',
    '<div inert style="position:fixed;inset:0">the page is locked</div>',
    "$\\class{primary}{x}$ $\\htmlClass{notice}{x}$ $\\cssId{app}{x}$ $\\htmlData{status=complete}{x}$",
    "$$\\color{white}{\\text{hidden}} \\bbox[red]{x} \\colorbox{red}{y} \\tag{1} \\label{app}$$",
    '```"><main role=main class=primary\nx\n```',
    '<math><mtext><nav role="navigation" class="sidebar">x</nav></mtext></math>',
    '<math><mi class="primary" id="app" style="font-size:9em">x</mi></math>',
  ])("as a whole: %s", (markdown) => {
    expect(strangers(renderMarkdown(markdown))).toEqual([]);
  });

  test.each([
    ["mspace", "height", "99999999px"],
    ["mspace", "width", "99em"],
    ["mspace", "depth", "1e7px"],
    ["mspace", "height", "1000%"],
    ["mpadded", "voffset", "-99999em"],
    ["mo", "minsize", "50in"],
    ["mfrac", "linethickness", "200px"],
    ["mtable", "rowspacing", "0em 999em"],
    ["mstyle", "scriptlevel", "-20"],
    ["mi", "scriptlevel", "+99"],
  ])("by its size: %s with %s=%s", (tag, name, value) => {
    const [element] = elementsOf(renderMarkdown(`<math><${tag} ${name}="${value}"></${tag}></math>`)).slice(-1);
    expect(element!.localName).toBe(tag);
    expect(element!.getAttribute(name)).toBeNull();
  });

  test("but formulas keep the sizes that their signs have", () => {
    const tex = String.raw`\left(\frac{a}{b}\right) \hspace{2em} \Big| x^{y_z} \raisebox{-0.5em}{x} \begin{pmatrix}1\\2\end{pmatrix} \rule{1em}{2px}`;
    const html = renderMarkdown(`$$${tex}$$`);
    for (const kept of ['width="2em"', 'minsize="', 'voffset="-0.5em"', 'height="2px"']) expect(html).toContain(kept);
  });

  test("by code, whose colours are the only classes", () => {
    for (const language of ["html", "javascript", "python", "css", "cpp", "markdown"])
      expect(strangers(renderCode('<main class="primary">class A { f() { return "x" } }</main>', language))).toEqual(
        [],
      );
    expect(renderCode("return 1", "javascript")).toContain('class="hljs-keyword"');
    expect(renderMarkdown('<span class="hljs-keyword primary hljs-x">x</span>')).toContain(
      'class="hljs-keyword hljs-x"',
    );
  });
});

describe("what Markdown is made of comes through", () => {
  test.each([
    ["# a\n\n###### b", ["h1", "h6"]],
    ["**a** *b* ~~c~~ `d` \n\n---\n\n> e", ["strong", "em", "del", "code", "hr", "blockquote"]],
    ["- a\n- b\n\n1. c", ["ul", "ol", "li"]],
    ["|a|b|\n|:-|-:|\n|c|d|", ["table", "thead", "tbody", "tr", "th", "td"]],
    ["    code", ["pre", "code"]],
    [
      "H<sub>2</sub>O x<sup>2</sup> <kbd>Ctrl</kbd> <mark>m</mark> <abbr title=x>y</abbr>",
      ["sub", "sup", "kbd", "mark"],
    ],
    ["<details><summary>more</summary>\n\ntext\n\n</details>", ["details", "summary"]],
    ["<ruby>漢<rt>かん</rt></ruby><br><u>u</u>", ["ruby", "rt", "br", "u"]],
    ["$\\frac{a_1}{\\sqrt[3]{b^2}}$", ["math", "mfrac", "msub", "mroot", "msup"]],
    ["$$\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}$$", ["mtable", "mtr", "mtd"]],
    ["$$\\sum_{i=0}^n \\int_0^1 \\hat{x} \\overbrace{a+b}^{c} \\text{ if } x$$", ["munderover", "mover", "mtext"]],
  ])("%s", (markdown, tags) => {
    const found = new Set(elementsOf(renderMarkdown(markdown)).map((element) => element.localName));
    expect([...found]).toEqual(expect.arrayContaining(tags));
  });

  test("with its attributes", () => {
    expect(renderMarkdown("3. c")).toContain('start="3"');
    expect(renderMarkdown("|a|\n|-:|\n|c|")).toContain('align="right"');
    expect(renderMarkdown("<table><tr><td colspan=2>x</td></tr></table>")).toContain('colspan="2"');
    expect(renderMarkdown("$$x$$")).toContain('display="block"');
    expect(renderMarkdown('<p lang="ja">x</p>')).toContain('lang="ja"');
  });
});
