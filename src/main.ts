// Where the page begins: the app, or the page that erases everything, which must hold nothing of it open.
import "./trust/harden";
import "./trust/trusted-types";
import { mount } from "svelte";
import App from "./app/App.svelte";
import { isErasing } from "./trust/erase";
import EraseScreen from "./trust/EraseScreen.svelte";
import { startPolicy } from "./trust/current-policy";
import PolicyErrorScreen from "./trust/PolicyErrorScreen.svelte";
import { errorData } from "./platform/app-error";
import "./ui/theme.css";

const target = document.getElementById("app")!;
if (isErasing()) mount(EraseScreen, { target });
else
  startPolicy().then(
    () => mount(App, { target }),
    (error: unknown) => mount(PolicyErrorScreen, { target, props: { error: errorData(error) } }),
  );
