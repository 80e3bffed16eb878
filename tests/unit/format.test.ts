// Dates are written as in the region that the browser names for the language of the page.
import { afterEach, expect, test, vi } from "vitest";
import { formatMoment, formatTime } from "../../src/platform/format";

const day = Date.UTC(2026, 10, 27, 12);
const written = (languages: string[], language: string) => {
  vi.spyOn(navigator, "languages", "get").mockReturnValue(languages);
  return formatTime(day, language, { dateStyle: "medium" });
};

afterEach(() => vi.restoreAllMocks());

test.each<[string[], string, string]>([
  [["en-GB", "en"], "en", "27 Nov 2026"],
  [["en-US", "en"], "en", "Nov 27, 2026"],
  [["fr-FR", "en-GB"], "en", "27 Nov 2026"],
  [["de-DE"], "en", "Nov 27, 2026"],
  [["fr-CA", "fr"], "fr", "27 nov. 2026"],
  [["ja"], "ja", "2026/11/27"],
  [["en"], "vi", "27 thg 11, 2026"],
])("%j, in %s: %s", (languages, language, text) => {
  expect(written(languages, language)).toBe(text);
});

test("a moment that is far away is a day of that region, and what is no time is told", () => {
  vi.spyOn(navigator, "languages", "get").mockReturnValue(["en-GB"]);
  expect(formatMoment(day, "en", day + 1e9)).toBe("27 Nov 2026");
  expect(formatTime(NaN, "en")).toBe("–");
});
