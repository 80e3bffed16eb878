// The vault locks when nobody has done anything for as long as was set, whatever the clock shows meanwhile.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { VaultKeys, VaultRecord } from "../../src/storage/vault/vault";
import { OpenVault } from "../../src/trust/vault/open-vault.svelte";

// Nobody writes an answer.
const request = (_name: string, _options: object, act: (lock: object) => Promise<void>) => act({});
Object.defineProperty(navigator, "locks", { configurable: true, value: { request } });
const MINUTE = 60_000;
function openVault() {
  const vault = new OpenVault({ passkeys: [] } as unknown as VaultRecord, {} as VaultKeys, "tab", 0);
  const lock = vi.fn(() => Promise.resolve());
  vault.lock = lock;
  vault.lockWhenIdle(() => 15);
  return { lock };
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date", "performance", "setInterval", "clearInterval"] }));
afterEach(() => void vi.useRealTimers());

test("a clock that is set back does not keep it open", async () => {
  const { lock } = openVault();
  await vi.advanceTimersByTimeAsync(MINUTE);
  vi.setSystemTime(Date.now() - 24 * 60 * MINUTE);
  await vi.advanceTimersByTimeAsync(13 * MINUTE);
  expect(lock).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(2 * MINUTE);
  expect(lock).toHaveBeenCalledWith("idle");
});

test("hours of sleep, in which the page's own clock may stand still, count", async () => {
  const { lock } = openVault();
  vi.setSystemTime(Date.now() + 8 * 60 * MINUTE);
  await vi.advanceTimersByTimeAsync(6_000);
  expect(lock).toHaveBeenCalledWith("idle");
});

test("who works is not locked out, in no tab, though the clock was set back", async () => {
  const tell = vi.spyOn(BroadcastChannel.prototype, "postMessage");
  const { lock } = openVault();
  dispatchEvent(new Event("keydown"));
  vi.setSystemTime(Date.now() - 24 * 60 * MINUTE);
  for (let minute = 0; minute < 30; minute++) {
    await vi.advanceTimersByTimeAsync(MINUTE);
    tell.mockClear();
    dispatchEvent(new Event("keydown"));
    expect(tell).toHaveBeenCalledWith({ kind: "active" });
  }
  expect(lock).not.toHaveBeenCalled();
});
