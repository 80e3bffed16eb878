// Where the page begins.
import { mount } from "svelte";
import App from "./app/App.svelte";
import "./ui/theme.css";

mount(App, { target: document.getElementById("app")! });
