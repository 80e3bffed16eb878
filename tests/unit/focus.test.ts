// The focus is never left on the body: it goes on beside what is gone, or where a person came from.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { keepFocus } from "../../src/ui/keep-focus";

keepFocus();
const settled = () => new Promise((resolve) => setTimeout(resolve, 10));
const at = (id: string) => document.getElementById(id)!;

async function focus(id: string): Promise<void> {
  at(id).focus();
  await settled();
}
async function gone(id: string): Promise<string> {
  at(id).remove();
  await settled();
  return document.activeElement!.id;
}

beforeEach(async () => {
  document.body.innerHTML = `
    <nav><button id="new">New</button><input id="search">
      <ul><li id="row1"><button id="open1">1</button><button id="menu1">…</button></li>
          <li id="row2"><button id="open2">2</button><button id="menu2">…</button></li></ul></nav>
    <main id="main" tabindex="-1">
      <div id="messages" tabindex="-1"><section id="branch"><article id="a1"><button id="copy">Copy</button></article></section></div>
      <div id="form"><textarea id="text"></textarea><button id="send">Send</button><button id="other">Other</button></div>
      <div id="alone"><button id="only">Only</button></div>
    </main>`;
  await settled();
});
afterEach(() => document.body.replaceChildren());

describe("the focus goes from what is gone", () => {
  test.each([
    ["a button to the one that takes its place", "send", "send", "other"],
    ["the last button to the one before", "other", "other", "send"],
    ["a row to the next one", "menu1", "row1", "open2"],
    ["the last row to the one before", "menu2", "row2", "open1"],
    ["a message to the messages", "copy", "a1", "messages"],
    ["the only one to what stands before it", "only", "alone", "text"],
  ])("%s", async (_, focused, removed, expected) => {
    await focus(focused);
    expect(await gone(removed)).toBe(expected);
  });

  test("to where it was before, when nothing stands near", async () => {
    await focus("search");
    const notice = document.createElement("div");
    notice.innerHTML = '<div id="notice"><button id="undo">Undo</button></div>';
    document.body.append(notice);
    await focus("undo");
    expect(await gone("notice")).toBe("search");
  });

  test("to the main part of a page that takes the place of another", async () => {
    document.body.innerHTML = '<div id="app"><main><input id="passphrase"></main></div>';
    await focus("passphrase");
    at("app").innerHTML = '<main id="main" tabindex="-1"><button id="first">x</button></main>';
    await settled();
    expect(document.activeElement).toBe(at("main"));
  });

  test("also from what can no more be used", async () => {
    await focus("send");
    (at("send") as HTMLButtonElement).disabled = true;
    await settled();
    expect(document.activeElement).toBe(at("text"));
  });

  test("not into what is inert, disabled or closed", async () => {
    (at("other") as HTMLButtonElement).disabled = true;
    at("text").setAttribute("inert", "");
    await focus("send");
    expect(await gone("send")).toBe("main");
  });
});

describe("the focus stays", () => {
  test("where whoever made the change has put it", async () => {
    await focus("send");
    at("send").remove();
    at("search").focus();
    await settled();
    expect(document.activeElement).toBe(at("search"));
  });

  test("nowhere for a person who pressed beside everything", async () => {
    await focus("send");
    at("send").blur();
    await settled();
    expect(await gone("send")).toBe("");
    expect(document.activeElement).toBe(document.body);
  });

  test("when something else goes", async () => {
    await focus("send");
    expect(await gone("row1")).toBe("send");
  });
});
