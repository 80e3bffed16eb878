// Where the page begins: the app, or the page that erases everything, which must hold nothing of it open.
import "./trust/harden";
import "./trust/trusted-types";
import { mount } from "svelte";
import { keepPage } from "./platform/keep-page";
import Start from "./app/Start.svelte";
import { speakBest } from "./i18n/i18n.svelte";
import { isErasing } from "./trust/erase";
import EraseScreen from "./trust/views/EraseScreen.svelte";
import { keepFocus } from "./ui/keep-focus";
import "./ui/theme.css";

keepPage();
keepFocus();
// The texts come first: a page that spoke English for a moment would change before a person's eyes.
void speakBest(navigator.languages).then(() => {
  const target = document.getElementById("app")!;
  // What says that it could not begin.
  target.replaceChildren();
  mount(isErasing() ? EraseScreen : Start, { target });
});
