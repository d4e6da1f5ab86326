// The two ways to make a change of an existing file, so that neither a refusing disk nor a killed process leaves half of it
// (change-intents.ts). The caller holds the file's lock.
import type { Awaitable } from "../store/awaitable.ts";
import type { StoreFile } from "../store/store-disk.ts";
import { type Change, recordOf, writeIntent } from "./change-intents.ts";
import type { FileStore } from "./file-store.ts";
import type { ResolvedName } from "./resolve-name.ts";

const COPY_BYTES = 256 * 1024;

/** A change that can be taken back: intent, change, binlog record, intent away. If it fails, nothing has happened. */
export async function tryOut(
  store: FileStore,
  target: ResolvedName,
  change: Change,
  { act, undo }: { readonly act: () => Awaitable<void>; readonly undo: () => Awaitable<void> },
): Promise<void> {
  const intent = await writeIntent(target.storePath, change, store.binlog);
  let isDone = false;
  try {
    await act();
    isDone = true;
    logChange(store, change);
  } catch (error) {
    // A rename that failed has nothing to undo. If undoing fails, the intent stays and the next start settles it.
    if (isDone || change.kind !== "rename") await undo();
    await intent.done();
    throw error;
  }
  await intent.done();
}

/**
 * A change that cannot be taken back, but repeated by a restart: intent, binlog record, change, intent away. If the
 * change itself fails, half of it may have been made: then the intent stays, and the next start makes it again.
 */
export async function carryOut(
  store: FileStore,
  target: ResolvedName,
  change: Change,
  act: () => Awaitable<void>,
): Promise<void> {
  const intent = await writeIntent(target.storePath, change, store.binlog);
  try {
    logChange(store, change);
  } catch (error) {
    await intent.done();
    throw error;
  }
  await act();
  await intent.done();
}

function logChange(store: FileStore, change: Change): void {
  const { op, extra } = recordOf(change);
  store.binlog.append(change.seconds, op, change.logicalName, extra);
}

/** Copies a file of the incoming folder into an open file, from `offset` on. */
export async function copyInto(target: ResolvedName, from: string, file: StoreFile, offset: number): Promise<void> {
  const source = await target.storePath.disk.open(from, "read");
  try {
    const piece = Buffer.allocUnsafe(COPY_BYTES);
    for (let at = 0; ;) {
      const bytes = await source.read(piece, 0, piece.length, at);
      if (bytes === 0) return;
      await file.write(piece, 0, bytes, offset + at);
      at += bytes;
    }
  } finally {
    await source.close();
  }
}
