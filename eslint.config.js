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
  { files: ["scripts/**", "recipes/**", "tests/**", "*.config.*"], rules: { "no-console": "off" } },
);
