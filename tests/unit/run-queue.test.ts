// Whose turn it is with the engines.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { overtaken, RunQueue, type Priority } from "../../src/runs/run-queue";

const never = new AbortController().signal;
const settled = () => new Promise((resolve) => setTimeout(resolve));

/** Work that ends when it is told to, or when its signal is aborted. */
function jobs(queue: RunQueue) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const add = (name: string, priority: Priority, signal = never) =>
    queue.run(priority, signal, (ending) => {
      begun.push(name);
      return new Promise<string>((resolve, reject) => {
        ends.set(name, () => resolve(name));
        ending.addEventListener("abort", () => reject(ending.reason as Error));
      });
    });
  return { begun, add, end: (name: string) => ends.get(name)!() };
}

describe("the queue", () => {
  test("lets one in at a time: a person before a task before the background, and equals as they came", async () => {
    const { begun, add, end } = jobs(new RunQueue());
    const all = [add("first task", "task"), add("background", "background"), add("second task", "task")];
    all.push(add("person", "person"), add("another person", "person"));
    for (const name of ["first task", "person", "another person", "second task", "background"]) {
      await settled();
      expect(begun.at(-1)).toBe(name);
      end(name);
    }
    expect(await Promise.all(all)).toHaveLength(5);
    expect(begun).toHaveLength(5);
  });

  test("ends work in the background as soon as something more urgent comes, and no other", async () => {
    const { begun, add, end } = jobs(new RunQueue());
    const background = add("background", "background");
    const also = add("also in the background", "background");
    await settled();
    const task = add("task", "task");
    await expect(background).rejects.toBe(overtaken);
    await settled();
    expect(begun).toEqual(["background", "task"]);
    const person = add("person", "person");
    await settled();
    expect(begun).toEqual(["background", "task"]);
    end("task");
    await task;
    await settled();
    end("person");
    await person;
    await settled();
    end("also in the background");
    expect(await also).toBe("also in the background");
  });

  test("forgets what is given up before its turn, and does nothing of it", async () => {
    const { begun, add, end } = jobs(new RunQueue());
    const ending = new AbortController();
    const first = add("first", "person");
    const given = add("given up", "person", ending.signal);
    const last = add("last", "task");
    ending.abort(new DOMException("stopped", "AbortError"));
    await expect(given).rejects.toThrow("stopped");
    end("first");
    await first;
    await settled();
    end("last");
    await last;
    expect(begun).toEqual(["first", "last"]);
    await expect(add("late", "person", ending.signal)).rejects.toThrow("stopped");
  });

  test("goes on after work that fails", async () => {
    const queue = new RunQueue();
    const failing = queue.run("person", never, () => Promise.reject(new Error("broken")));
    const next = queue.run("background", never, () => Promise.resolve("done"));
    await expect(failing).rejects.toThrow("broken");
    expect(await next).toBe("done");
  });

  test("loses nobody and never lets two in, whatever comes, ends or is given up when", async () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constant("add" as const),
        priority: fc.constantFrom<Priority>("person", "task", "background"),
      }),
      fc.record({ do: fc.constantFrom("end" as const, "give up" as const), which: fc.nat() }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const queue = new RunQueue();
        let inside = 0;
        const open: { end: () => void; ending: AbortController; over: Promise<unknown> }[] = [];
        for (const one of steps) {
          if (one.do === "add") {
            const ending = new AbortController();
            let end = () => {};
            const done = new Promise<void>((resolve) => (end = resolve));
            const over = queue
              .run(one.priority, ending.signal, async (signal) => {
                expect(++inside).toBe(1);
                await Promise.race([done, new Promise((resolve) => signal.addEventListener("abort", resolve))]);
                inside--;
              })
              .catch((error: unknown) => expect(error).toBeInstanceOf(DOMException));
            open.push({ end, ending, over });
          } else if (open.length > 0) {
            const { end, ending } = open[one.which % open.length]!;
            if (one.do === "end") end();
            else ending.abort(new DOMException("given up", "AbortError"));
          }
          await Promise.resolve();
        }
        for (const { end } of open) end();
        await Promise.all(open.map(({ over }) => over));
        expect(await queue.run("background", never, () => Promise.resolve("free"))).toBe("free");
      }),
      { numRuns: 100 },
    );
  });
});
