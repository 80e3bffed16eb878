// npm test: sets up whatever is missing, then every check and every test. The first one that fails ends the run.
import { needChromium, needNode, needPackages, needServers, step } from "./setup.mjs";

const checks = ["format", "lint", "types", "rooms", "dead"].map((c) => `check:${c}`);

needNode();
needPackages();
for (const check of checks) step(check, "npm", ["run", "--silent", check]);
needServers();
step("Unit tests", "npm", ["run", "--silent", "test:unit"]);
step("Build", "npm", ["run", "--silent", "build", "--", "--logLevel", "warn"]);
step("check:size", "npm", ["run", "--silent", "check:size"]);
needChromium();
step("End-to-end tests", "npm", ["run", "--silent", "test:e2e"]);
console.log("\nAll checks and tests passed.");
