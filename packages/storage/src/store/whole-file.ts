// Small files in one go.
import { after, type Awaitable, rescue } from "./awaitable.ts";
import type { StoreDisk, StoreFile } from "./store-disk.ts";

/**
 * Reads up to `length` bytes from the beginning of a file into `into` at `at`. Answers how many there were. Throws the
 * disk's error (ENOENT, EISDIR …).
 */
export function readStart(
  disk: StoreDisk,
  path: string,
  into: Uint8Array,
  at: number,
  length: number,
): Awaitable<number> {
  return after(disk.open(path, "read"), (file) => closing(file, () => file.read(into, at, length, 0)));
}

/** Writes a file that must not exist. Throws the disk's error; then there may be a part of the file. */
export function writeNew(disk: StoreDisk, path: string, content: Uint8Array): Awaitable<void> {
  return after(disk.open(path, "create"), (file) => closing(file, () => file.write(content, 0, content.length, 0)));
}

/** Uses an open file and closes it, whatever happens. */
function closing<T>(file: StoreFile, use: () => Awaitable<T>): Awaitable<T> {
  return after(
    rescue(use, (error) =>
      after(file.close(), () => {
        throw error;
      }),
    ),
    (result) => after(file.close(), () => result),
  );
}
