// Streams of chunks that came from outside, made safe to read: proven to be bytes, interruptible, counted. Written as
// plain iterators, because the `return` of an async generator waits for a `next` that may never come.
import { FdfsError } from "@fastdfs-ts/protocol";

export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

const DONE: IteratorResult<Uint8Array, undefined> = { done: true, value: undefined };

/** The chunks of a foreign stream, each proven to be bytes. A Node stream that is not read to its end is destroyed. */
export function checkedChunks(source: Chunks): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const inner = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
      const stop = () => {
        if (isDestroyable(source)) source.destroy();
        // Not awaited: a source that hangs would hold us up. Its own trouble is not ours any more.
        else void Promise.resolve(inner.return?.()).catch(() => {});
      };
      return {
        async next() {
          for (;;) {
            const step = await inner.next();
            if (step.done === true) return DONE;
            const chunk: unknown = step.value;
            if (!(chunk instanceof Uint8Array)) {
              stop();
              throw new TypeError(
                `the source gave a ${typeof chunk} instead of bytes; a stream must have no encoding set`,
              );
            }
            if (chunk.length > 0) return { done: false, value: chunk };
          }
        },
        return() {
          stop();
          return Promise.resolve(DONE);
        },
      };
    },
  };
}

/** The same chunks, but waiting for the next one ends with ABORTED as soon as the signal fires. */
export function interruptible(source: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const inner = source[Symbol.asyncIterator]();
      let onAbort = () => {};
      const aborted = new Promise<never>((_, reject) => {
        onAbort = () => reject(new FdfsError("ABORTED", {}, { cause: signal.reason }));
      });
      aborted.catch(() => {}); // nobody may be waiting when it happens
      signal.addEventListener("abort", onAbort);
      if (signal.aborted) onAbort();
      const leave = () => signal.removeEventListener("abort", onAbort);
      return {
        async next() {
          try {
            const step = await Promise.race([inner.next(), aborted]);
            if (step.done === true) leave();
            return step;
          } catch (error) {
            leave();
            void inner.return?.();
            throw error;
          }
        },
        return() {
          leave();
          void inner.return?.();
          return Promise.resolve(DONE);
        },
      };
    },
  };
}

/** The same chunks; each is reported when the next one is asked for, which is when it was handed over. */
export function counted(chunks: Chunks, onBytes: (doneBytes: number) => void): Chunks {
  return Symbol.asyncIterator in chunks ? countedLater(chunks, onBytes) : countedNow(chunks, onBytes);
}

function countedLater(
  chunks: AsyncIterable<Uint8Array>,
  onBytes: (doneBytes: number) => void,
): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const inner = chunks[Symbol.asyncIterator]();
      let doneBytes = 0;
      return {
        async next() {
          if (doneBytes > 0) onBytes(doneBytes);
          const step = await inner.next();
          if (step.done !== true) doneBytes += step.value.length;
          return step;
        },
        return() {
          void inner.return?.();
          return Promise.resolve(DONE);
        },
      };
    },
  };
}

// What lies in memory is sent without a promise per chunk.
function* countedNow(chunks: Iterable<Uint8Array>, onBytes: (doneBytes: number) => void): Generator<Uint8Array, void> {
  let doneBytes = 0;
  for (const chunk of chunks) {
    yield chunk;
    doneBytes += chunk.length;
    onBytes(doneBytes);
  }
}

function isDestroyable(source: object): source is { destroy(): void } {
  return "destroy" in source && typeof source.destroy === "function";
}
