// @vitest-environment node
// What the proof makes of what was found. That it finds what is so is checked in a browser (e2e/probe.spec.ts).
import { expect, test } from "vitest";
import { addressFor } from "../../src/platform/ways-out";
import { stateOf } from "../../src/trust/harden";
import { sumUp, type ProbeResult } from "../../src/trust/probe/probe";

const of = (verdict: ProbeResult["verdict"], more: Partial<ProbeResult> = {}): ProbeResult => ({
  place: "page",
  way: "fetch",
  verdict,
  ...more,
});

test("counts as closed only what was seen to be", () => {
  const closed = (["blocked", "refused", "removed", "unavailable"] as const).map((verdict) => of(verdict));
  expect(sumUp(closed)).toEqual({ all: 4, closed: 4, notClosable: 0, open: 0, unanswered: 0 });
  const all = [...closed, of("notClosable"), of("open"), of("unanswered", { place: "service", way: "answer" })];
  expect(sumUp(all)).toEqual({ all: 7, closed: 4, notClosable: 1, open: 1, unanswered: 1 });
});

test("does not count hosts that the policy names, whether they were let through or not", () => {
  const named = [of("named", { host: "huggingface.co" }), of("blocked", { host: "huggingface.co" })];
  expect(sumUp([of("blocked"), ...named])).toEqual({ all: 1, closed: 1, notClosable: 0, open: 0, unanswered: 0 });
});

test("gives each attempt a host of its own, below one that belongs to nobody", () => {
  expect(addressFor("fetch", "store")).toBe("https://fetch-store.islet-probe.example/");
});

test("does not say of what was never there that the app took it out", () => {
  expect(stateOf("webrtc")).toBe("unavailable");
});
