// Lint rules: the recommended sets of ESLint, TypeScript and Svelte, and no `any` by hand.
import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";

export default ts.config(
  { ignores: ["dist", "node_modules", "recipes/.work", "public", "playwright-report", "test-results"] },
  js.configs.recommended,
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser, ...globals.node } } },
  { files: ["**/*.svelte", "**/*.svelte.ts"], languageOptions: { parserOptions: { parser: ts.parser } } },
  {
    rules: {
      "no-undef": "off",
      "no-console": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "svelte/no-navigation-without-resolve": "off",
      // Sets and maps that are replaced as a whole need no reactive kind.
      "svelte/prefer-svelte-reactivity": "off",
    },
  },
  {
    // What grows beyond this does two things. Data is as long as it is, and tests are lists.
    files: ["src/**", "scripts/**", "recipes/**", "vite.config.ts"],
    ignores: ["src/i18n/??.ts", "src/models/catalogue/families.ts"],
    rules: {
      "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true }],
    },
  },
  { files: ["scripts/**", "recipes/**", "tests/**", "*.config.*"], rules: { "no-console": "off" } },
);
