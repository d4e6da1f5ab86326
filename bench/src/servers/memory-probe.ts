// Loaded into every server under measurement, ours and bare (`node --expose-gc --import`): on a message from the
// benchmark it collects garbage and reports what is left. Without that, memory says little: Node lets tens of megabytes
// of dead buffers lie until a collection is due, so even a server without a leak seems to grow for a million operations.

/** In MiB. */
export interface MemorySample {
  /** Reachable objects and buffers, after a collection. */
  readonly liveMib: number;
  /** The process as the kernel sees it, after a collection. */
  readonly residentMib: number;
}

const MIB = 1024 * 1024;

process.on("message", () => {
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const sample: MemorySample = { liveMib: (heapUsed + external) / MIB, residentMib: rss / MIB };
  process.send?.(sample);
});
// The channel must not keep a server alive that has stopped.
process.channel?.unref();
