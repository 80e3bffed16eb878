// What a person is told of an error that nobody expected.
import { afterEach, expect, test, vi } from "vitest";
import { AppError, errorData } from "../../src/platform/app-error";

afterEach(() => vi.unstubAllGlobals());

const missing = () => {
  try {
    (crypto as unknown as { none(): void }).none();
  } catch (error) {
    return error;
  }
};

test("over plain HTTP what a browser does not have there is told as such; elsewhere it is unknown", () => {
  vi.stubGlobal("isSecureContext", false);
  expect(errorData(missing())).toMatchObject({ code: "insecure-page", remedy: "none" });
  expect(errorData(new Error("x"))).toMatchObject({ code: "unknown" });
  expect(errorData(new AppError("import-invalid", "x", "none"))).toMatchObject({ code: "import-invalid" });
  vi.stubGlobal("isSecureContext", true);
  expect(errorData(missing())).toMatchObject({ code: "unknown", remedy: "retry" });
});

test("a full disk is told as one", () => {
  expect(errorData(new Error("QuotaExceededError: the quota has been exceeded"))).toMatchObject({
    code: "storage-full",
  });
});
