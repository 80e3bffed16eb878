// Reading a question can be ended. WebLLM hands all parts of a prompt to the graphics device at once and looks whether it is to stop only when
// they are read, which can take a minute where the device is slow. Here it waits for each part before it hands out the next, and ends between
// two. Assumes WebLLM 0.2.86; without it, a stopped question is read to its end, which no person waits for (client/engine-client.ts). Not for:
// ending an answer that streams (webllm-writer.ts).

/** What is used of WebLLM's pipeline, whose class keeps it private. */
export interface Reader {
  /** Reads one part of a prompt, or one token that was written. */
  embedAndForward(parts: unknown, tokens: number): Promise<unknown>;
  /** `sync` waits until the device has done what it was given. */
  device: { sync(): Promise<void> };
}

/** `isStopped`: whether what is being read is no longer wanted; then reading it throws an AbortError. */
export function endReading(pipeline: Reader, isStopped: () => boolean): void {
  const read = pipeline.embedAndForward.bind(pipeline);
  pipeline.embedAndForward = async (parts, tokens) => {
    // A single token is one that was written: its device has nothing else to do.
    if (tokens > 1) {
      await pipeline.device.sync();
      if (isStopped()) throw new DOMException("stopped", "AbortError");
    }
    return read(parts, tokens);
  };
}
