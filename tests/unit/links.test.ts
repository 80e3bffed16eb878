// What a person is shown of an address from outside is where it leads, whatever its author did to make it look like another; and no address of
// an answer stands where a browser would follow it by itself.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { renderMarkdown } from "../../src/chat/markdown/render";
import { markupOf } from "./markup";
import { policy } from "../../src/trust/current-policy";
import { readLink } from "../../src/trust/foreign-link";
import { responseHeaders } from "../../src/trust/rules/policy";

/** An address, where it leads, and what is opened where that is not the address itself. */
const web: [text: string, to: string, opened?: string][] = [
  ["https://example.org", "example.org", "https://example.org/"],
  ["HTTPS://EXAMPLE.ORG/Path", "example.org", "https://example.org/Path"],
  ["  https://example.org/  ", "example.org", "https://example.org/"],
  ["https://example.org.", "example.org.", "https://example.org./"],
  ["https://example.org:443/", "example.org", "https://example.org/"],
  ["https://example.org:8443/", "example.org:8443"],
  ["http://example.org:80/", "example.org", "http://example.org/"],
  ["http://example.org:443/", "example.org:443"],
  // Other names before the "@", and what looks like the end of the host
  ["https://bank.example@evil.example/", "evil.example", "https://evil.example/"],
  ["https://bank.example:443@evil.example/", "evil.example", "https://evil.example/"],
  ["https://bank.example%2F@evil.example/", "evil.example", "https://evil.example/"],
  ["https://a@b@evil.example/", "evil.example", "https://evil.example/"],
  ["https://bank.example\\@evil.example/", "bank.example", "https://bank.example/@evil.example/"],
  ["https://bank.example#@evil.example/", "bank.example", "https://bank.example/#@evil.example/"],
  ["https://bank.example?@evil.example/", "bank.example", "https://bank.example/?@evil.example/"],
  ["https://evil.example/https://bank.example/", "evil.example"],
  ["https://bank.example.evil.example/", "bank.example.evil.example"],
  ["https://bank.example。evil.example/", "bank.example.evil.example", "https://bank.example.evil.example/"],
  ["https://ex%61mple.org/", "example.org", "https://example.org/"],
  // Slashes of other kinds and numbers, white space within
  ["https:evil.example", "evil.example", "https://evil.example/"],
  ["https:/\\evil.example", "evil.example", "https://evil.example/"],
  ["https:\\\\evil.example\\x", "evil.example", "https://evil.example/x"],
  ["https:////evil.example", "evil.example", "https://evil.example/"],
  ["ht\ntps://ev\til.example/", "evil.example", "https://evil.example/"],
  ["\u0001https://evil.example/", "evil.example", "https://evil.example/"],
  ["http://1.1", "1.0.0.1", "http://1.0.0.1/"],
  ["http://0x7f.1/", "127.0.0.1", "http://127.0.0.1/"],
  ["http://2130706433/", "127.0.0.1", "http://127.0.0.1/"],
  ["http://①②⑦.0.0.1/", "127.0.0.1", "http://127.0.0.1/"],
  ["http://[::1]:8080/", "[::1]:8080"],
  ["http://[::ffff:127.0.0.1]/", "[::ffff:7f00:1]", "http://[::ffff:7f00:1]/"],
  ["http://localhost/", "localhost"],
  // Letters that look like others, or that are not seen
  ["https://аррӏе.com/", "xn--80ak6aa92e.com", "https://xn--80ak6aa92e.com/"],
  ["https://pаypal.com/", "xn--pypal-4ve.com", "https://xn--pypal-4ve.com/"],
  ["https://googlе.com/", "xn--googl-3we.com", "https://xn--googl-3we.com/"],
  ["https://ｅｘａｍｐｌｅ.org/", "example.org", "https://example.org/"],
  ["https://exam\u200bple.org/", "example.org", "https://example.org/"],
  ["https://exam\u00adple.org/", "example.org", "https://example.org/"],
  // Direction marks and controls in the rest
  ["https://example.org/\u202egpj.exe", "example.org", "https://example.org/%E2%80%AEgpj.exe"],
  ["https://example.org/?\u2066a#\u200f", "example.org", "https://example.org/?%E2%81%A6a#%E2%80%8F"],
  ["https://example.org/a\u0000b c", "example.org", "https://example.org/a%00b%20c"],
  ["https://example.org/日本", "example.org", "https://example.org/%E6%97%A5%E6%9C%AC"],
  [`https://${"a".repeat(63)}.${"b".repeat(63)}.example/`, `${"a".repeat(63)}.${"b".repeat(63)}.example`],
  [`https://example.org/${"x".repeat(100_000)}`, "example.org"],
];

const mail: [text: string, to: string][] = [
  ["mailto:a@example.org", "a@example.org"],
  ["MAILTO:First.Last+tag@Example.ORG", "First.Last+tag@example.org"],
  ["mailto:a@example.org?body=the%20conversation", "a@example.org"],
  ["mailto:a@example.org?cc=evil@evil.example&bcc=b@evil.example&subject=x", "a@example.org"],
  ["mailto:a@example.org#x", "a@example.org"],
  ["mailto:a@аррӏе.com", "a@xn--80ak6aa92e.com"],
];

/** Text that is no link: it leads elsewhere than to the web or to one address, or nowhere. */
const none = [
  ...["javascript:alert(1)", "java\nscript:alert(1)", "vbscript:x", "data:text/html,x", "blob:https://example.org/x"],
  ...["file:///etc/passwd", "filesystem:https://example.org/x", "about:blank", "view-source:https://example.org"],
  ...["tel:+123", "sms:+123", "ftp://example.org/", "ws://example.org/", "intent://x#Intent;end", "web+x:y"],
  ...[
    "",
    "#/vault",
    "/x",
    "//evil.example",
    "example.org",
    "https://",
    "https://exa mple.org/",
    "https://[::1",
    "http://1.2.3.4.5/",
  ],
  ...["https://example.org:99999/", "https://a%00b.example/", "https://xn--a/"],
  ...[`https://${"a.".repeat(127)}example/`, `mailto:a@${"a.".repeat(127)}example`],
  ...["mailto:", "mailto:?to=a@example.org", "mailto:a@b@evil.example", "mailto:a@example.org,b@evil.example"],
  ...["mailto:a%2Cb%40bank.example@evil.example", "mailto:a%0Abcc:b@evil.example", "mailto:а@example.org"],
  ...[
    "mailto:a@example.org%2Cb@evil.example",
    "mailto:a@evil.example/b",
    "mailto:a@[127.0.0.1]",
    'mailto:"a b"@example.org',
  ],
];

describe("where an address leads", () => {
  test.each(web)("%j: to %s", (text, to, opened = text) => {
    expect(readLink(text)).toMatchObject({ kind: "web", to, url: opened });
  });

  test.each(mail)("%j: to %s, with nothing filled in", (text, to) => {
    expect(readLink(text)).toMatchObject({ kind: "mail", to, url: `mailto:${to}` });
  });

  test.each(none)("%j: nowhere", (text) => {
    expect(readLink(text)).toBeUndefined();
  });

  test("what was left out, and that a connection is not encrypted, is said", () => {
    expect(readLink("https://me@example.org/")?.leftOut).toBe("credentials");
    expect(readLink("https://:secret@example.org/")?.leftOut).toBe("credentials");
    expect(readLink("mailto:a@example.org?subject=x")?.leftOut).toBe("letter");
    for (const whole of ["https://example.org/@x", "mailto:a@example.org"])
      expect(readLink(whole)?.leftOut).toBeUndefined();
    expect(readLink("http://example.org/")?.unencrypted).toBe(true);
    expect(readLink("https://example.org/")?.unencrypted).toBe(false);
  });

  test.each([
    ["https://日本語.jp/", "日本語.jp"],
    ["https://ひらがなカタカナ.example.jp/", "ひらがなカタカナ.example.jp"],
    ["https://한국.kr/", "한국.kr"],
    ["https://münchen.de/", "münchen.de"],
    ["https://café-été.fr/", "café-été.fr"],
    ["mailto:a@bücher.example", "bücher.example"],
  ])("a name of one script is also shown as it is written: %s", (text, readable) => {
    expect(readLink(text)?.readable).toBe(readable);
    expect(readLink(text)?.to).toContain("xn--");
  });

  test.each([
    ...[
      "аррӏе.com",
      "pаypal.com",
      "ɢoogle.com",
      "gооgle.com",
      "σ.example",
      "日本a.jp",
      "google.comノsearch.jp",
      "ạpple.com",
    ],
    ...["münchen.аррӏе.com", "example.org", "עברית.example", "xn--80ak6aa92e.com"],
  ])("a name that could be taken for another, or that is plain, is shown in ASCII alone: %s", (host) => {
    const link = readLink(`https://${host}/`);
    expect(link).toBeDefined();
    expect(link!.readable).toBeUndefined();
  });

  test("whatever the text, what is shown is printable ASCII without credentials, and reading it again changes nothing", () => {
    const piece = fc.constantFrom(
      ...[
        "https:",
        "http:",
        "mailto:",
        "//",
        "/",
        "\\",
        "@",
        ":",
        "?",
        "#",
        "%",
        "%2F",
        "%40",
        ".",
        "xn--",
        "a",
        "evil.example",
        "é",
        "日本",
        "а",
      ],
      ...["\u202e", "\u2066", "\u200b", "\u0000", "\n", "\t", " ", "[::1]", "1", "0x7f", ",", ";", "&", "=", "\ud800"],
    );
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(piece, { maxLength: 12 }).map((list) => list.join("")),
    );
    const schemes = fc.constantFrom("", "https://", "http:", "mailto:", "mailto:a@");
    fc.assert(
      fc.property(schemes, text, (scheme, rest) => {
        const link = readLink(scheme + rest);
        if (!link) return;
        expect(link.url).toMatch(/^(?:https?:\/\/|mailto:)[ -~]+$/);
        expect(link.to).toMatch(/^[!-~]+$/);
        expect(new URL(link.url).username + new URL(link.url).password).toBe("");
        if (link.kind === "web") expect(new URL(link.url).host).toBe(link.to);
        const { leftOut: _, ...shown } = link;
        expect(readLink(link.url)).toEqual(shown);
      }),
      { numRuns: 1000, seed: Number(process.env["ISLET_SEED"] ?? 20261126) },
    );
  });
});

describe("in the page a link of an answer", () => {
  const links = (text: string) =>
    [...new DOMParser().parseFromString(renderMarkdown(text), "text/html").querySelectorAll("a[data-url]")].map((a) => [
      a.getAttribute("data-url"),
      a.textContent,
    ]);

  test.each([
    ["[x](https://example.org/page)", "https://example.org/page", "x"],
    ["<https://example.org/page>", "https://example.org/page", "https://example.org/page"],
    ["see https://example.org/page now", "https://example.org/page", "https://example.org/page"],
    ["see www.example.org now", "http://www.example.org", "www.example.org"],
    ["write to a@example.org", "mailto:a@example.org", "a@example.org"],
    ["![picture](https://example.org/x.png)", "https://example.org/x.png", "picture"],
    ['<a href="https://example.org/page">x</a>', "https://example.org/page", "x"],
  ])("has its address where no browser follows it: %s", (text, url, label) => {
    expect(links(text)).toEqual([[url, label]]);
    expect(renderMarkdown(text)).not.toMatch(/href/i);
  });

  test("can be reached and pressed by keyboard, and a screen reader says what it is", () => {
    expect(renderMarkdown("[x](https://example.org/)")).toMatch(
      /<a (?=[^>]*role="link")(?=[^>]*tabindex="0")[^>]*>x<\/a>/,
    );
  });

  test.each([
    '<a href="https://evil.example" ping="https://evil.example" target="_top" rel="opener" download="x">x</a>',
    '<map><area href="https://evil.example" ping="https://evil.example"></map>',
    '<math href="https://evil.example"><mtext href="https://evil.example" xlink:href="https://evil.example">x</mtext></math>',
    '<svg><a href="https://evil.example" xlink:href="https://evil.example"><text>x</text></a></svg>',
    '<link rel="dns-prefetch" href="//evil.example"><link rel="preconnect" href="https://evil.example">',
    "$\\href{https://evil.example}{x}$",
  ])("has nothing else that leads somewhere: %s", (text) => {
    expect(markupOf(renderMarkdown(text))).not.toMatch(/\b(?:href|ping|target|rel|download)=/i);
  });

  test.each([
    '<p data-url="https://evil.example">x</p>',
    '<a data-url="javascript:alert(1)">x</a>',
    '<a href="#/vault" data-url="https://evil.example">x</a>',
    '<a href="javascript:alert(1)" data-url="https://evil.example">x</a>',
  ])("cannot be forged: %s", (text) => {
    expect(renderMarkdown(text)).not.toMatch(/data-url/);
  });

  test("says where it really leads when it is pointed at, whatever title its author gave it", () => {
    expect(renderMarkdown('[x](https://a:b@evil.example "https://bank.example")')).toContain(
      'title="https://evil.example/"',
    );
  });
});

test("the browser is told to look up no name ahead, by header and in the page", () => {
  expect(responseHeaders(policy)["X-DNS-Prefetch-Control"]).toBe("off");
  expect(readFileSync("index.html", "utf8")).toContain('http-equiv="x-dns-prefetch-control" content="off"');
});
