// npm start: sets up whatever is missing, builds, serves on this machine and prints the address.
import { step, needNode, needPackages } from "./setup.mjs";

needNode();
needPackages();
step("Building", "npx", ["vite", "build", "--logLevel", "warn"]);
console.log("\nIslet is at the address below. Open it in a current Chrome or Edge; Ctrl+C ends it.\n");
step(undefined, "npx", ["vite", "preview", ...process.argv.slice(2)]);
