// Where the time of an answer goes on the graphics device, kernel by kernel: the starter model reads a prompt of about 256 tokens and writes
// 24, and each compute pass is timed by the device itself. Only where the browser has timestamp-query; it rounds to 0.1 ms unless it was
// started with --enable-webgpu-developer-features. The measurement costs time itself: rates are the business of kernels.bench.ts.
import { test } from "playwright/test";
import { models, onDevice } from "../e2e/app";
import { openLibrary, visitLibrary } from "../e2e/library/harness";

const ANSWER = 24;
const prompt = Array.from({ length: 22 }, (_, i) => `The ship number ${i} sails over the sea.`).join(" ");

interface Submission {
  /** Milliseconds in the page from the first pass that was recorded to the submission. */
  recording: number;
  passes: { kernel: string; start: bigint; end: bigint }[];
}
interface Measured {
  submissions: Submission[];
  /** Milliseconds that the page waited for each buffer that it read. */
  reads: number[];
}

/** Runs in the page before WebLLM: writes the device's time at the beginning and end of every compute pass. */
function instrument(): void {
  interface Recording {
    set: GPUQuerySet;
    device: GPUDevice;
    kernels: string[];
    began: number;
    result?: GPUBuffer;
  }
  const LIMIT = 4096;
  const measured: Measured = { submissions: [], reads: [] };
  const kernels = new WeakMap<GPUComputePipeline, string>();
  const recordings = new WeakMap<GPUCommandEncoder, Recording>();
  const finished = new WeakMap<GPUCommandBuffer, Recording>();
  const devices = new WeakMap<GPUCommandEncoder, GPUDevice>();
  const passes = new WeakMap<GPUComputePassEncoder, Recording>();
  Object.assign(window, { measured });

  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = function (descriptor) {
    return requestDevice.call(this, {
      ...descriptor,
      requiredFeatures: [...(descriptor?.requiredFeatures ?? []), "timestamp-query"],
    });
  };
  const { createComputePipeline, createComputePipelineAsync, createCommandEncoder } = GPUDevice.prototype;
  GPUDevice.prototype.createComputePipeline = function (descriptor) {
    const pipeline = createComputePipeline.call(this, descriptor);
    kernels.set(pipeline, descriptor.compute.entryPoint ?? "");
    return pipeline;
  };
  GPUDevice.prototype.createComputePipelineAsync = async function (descriptor) {
    const pipeline = await createComputePipelineAsync.call(this, descriptor);
    kernels.set(pipeline, descriptor.compute.entryPoint ?? "");
    return pipeline;
  };
  GPUDevice.prototype.createCommandEncoder = function (descriptor) {
    const encoder = createCommandEncoder.call(this, descriptor);
    devices.set(encoder, this);
    return encoder;
  };
  const { beginComputePass, finish } = GPUCommandEncoder.prototype;
  GPUCommandEncoder.prototype.beginComputePass = function (descriptor) {
    const device = devices.get(this)!;
    const recording = recordings.get(this) ?? {
      set: device.createQuerySet({ type: "timestamp", count: LIMIT }),
      device,
      kernels: [],
      began: performance.now(),
    };
    recordings.set(this, recording);
    const at = 2 * recording.kernels.length;
    recording.kernels.push("");
    const timestampWrites = {
      querySet: recording.set,
      beginningOfPassWriteIndex: at,
      endOfPassWriteIndex: at + 1,
    };
    const pass = beginComputePass.call(this, { ...descriptor, timestampWrites });
    passes.set(pass, recording);
    return pass;
  };
  const { setPipeline } = GPUComputePassEncoder.prototype;
  GPUComputePassEncoder.prototype.setPipeline = function (pipeline) {
    const recording = passes.get(this)!;
    recording.kernels[recording.kernels.length - 1] = kernels.get(pipeline) ?? "";
    return setPipeline.call(this, pipeline);
  };
  GPUCommandEncoder.prototype.finish = function (descriptor) {
    const recording = recordings.get(this);
    if (recording) {
      const { device, set } = recording;
      const count = 2 * recording.kernels.length;
      const resolved = device.createBuffer({
        size: count * 8,
        usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
      });
      recording.result = device.createBuffer({
        size: count * 8,
        usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
      });
      this.resolveQuerySet(set, 0, count, resolved, 0);
      this.copyBufferToBuffer(resolved, 0, recording.result, 0, count * 8);
    }
    const commands = finish.call(this, descriptor);
    if (recording) finished.set(commands, recording);
    return commands;
  };
  const { submit } = GPUQueue.prototype;
  const { mapAsync } = GPUBuffer.prototype;
  GPUQueue.prototype.submit = function (commands) {
    submit.call(this, commands);
    for (const command of commands) {
      const recording = finished.get(command);
      if (!recording) continue;
      const submission: Submission = { recording: performance.now() - recording.began, passes: [] };
      measured.submissions.push(submission);
      const { result, kernels } = recording;
      void mapAsync.call(result!, GPUMapMode.READ).then(() => {
        const times = new BigInt64Array(result!.getMappedRange());
        submission.passes = kernels.map((kernel, i) => ({ kernel, start: times[2 * i]!, end: times[2 * i + 1]! }));
        recording.set.destroy();
        result!.destroy();
      });
    }
  };
  GPUBuffer.prototype.mapAsync = async function (...args) {
    const began = performance.now();
    await mapAsync.apply(this, args);
    measured.reads.push(performance.now() - began);
  };
}

test("passes", async () => {
  test.skip(!onDevice, "ISLET_ADAPTER=own");
  const app = await openLibrary("starter");
  await app.page.addInitScript(instrument);
  await visitLibrary(app, "starter");
  for (const [what, length] of Object.entries({ "read and write 1": 1, [`read and write ${ANSWER}`]: ANSWER })) {
    const { measured, wall, tokens } = await app.page.evaluate(
      async ({ prompt, max_tokens }) => {
        const { engine } = window.library;
        const { measured } = window as unknown as { measured: Measured };
        await engine.resetChat();
        measured.submissions.length = measured.reads.length = 0;
        const began = performance.now();
        const { usage } = await engine.chat.completions.create({
          temperature: 0,
          max_tokens,
          messages: [{ role: "user", content: prompt }],
        });
        const wall = performance.now() - began;
        await new Promise((done) => setTimeout(done, 1000));
        return { measured, wall, tokens: usage!.completion_tokens };
      },
      { prompt, max_tokens: length },
    );
    const all = measured.submissions.flatMap(({ passes }) => passes);
    const sum = new Map<string, { count: number; ms: number }>();
    for (const { kernel, start, end } of all) {
      const { count, ms } = sum.get(kernel) ?? { count: 0, ms: 0 };
      sum.set(kernel, { count: count + 1, ms: ms + Number(end - start) / 1e6 });
    }
    const total = (values: number[]) => values.reduce((a, b) => a + b, 0);
    const spans = measured.submissions.map(({ passes }) =>
      passes.length ? Number(passes.at(-1)!.end - passes[0]!.start) / 1e6 : 0,
    );
    console.log(
      `${models.starter.id}, ${what}: ${tokens} tokens in ${wall.toFixed(1)} ms; ${measured.submissions.length} submissions of ` +
        `${all.length} passes; in the kernels ${total([...sum.values()].map(({ ms }) => ms)).toFixed(1)} ms, from first to last pass of ` +
        `each submission ${total(spans).toFixed(1)} ms, recorded in the page in ` +
        `${total(measured.submissions.map(({ recording }) => recording)).toFixed(1)} ms, ${measured.reads.length} reads waited for ` +
        `${total(measured.reads).toFixed(1)} ms`,
    );
    for (const [kernel, { count, ms }] of [...sum].sort((a, b) => b[1].ms - a[1].ms).slice(0, 14))
      console.log(`  ${kernel}: ${count} passes, ${ms.toFixed(2)} ms, ${((1000 * ms) / count).toFixed(1)} µs each`);
  }
  await app.close();
});
