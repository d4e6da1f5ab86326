// Puts a download into a local file: complete under its name, or not at all.
import { dirname } from "node:path";

import type { DiskFile, World } from "@fastdfs-ts/runtime";

import { onDisk } from "./upload-source.ts";

/** Writes what `next` gives beside `path`, then renames. Throws FdfsError with the path, or what `next` throws. */
export async function saveDownload(
  world: World,
  path: string,
  next: () => Promise<Buffer | undefined>,
  sync: boolean,
): Promise<void> {
  const { disk, random } = world;
  const temporary = `${path}.${random.bytes(6).toString("hex")}.part`;
  const file = onDisk(temporary, () => disk.open(temporary, "create"));
  try {
    await writeAll(file, temporary, next, sync);
    onDisk(path, () => disk.rename(temporary, path));
  } catch (error) {
    try {
      disk.unlink(temporary);
    } catch {
      // The first failure is the one to tell; a leftover under a temporary name harms nobody.
    }
    throw error;
  }
  if (sync) onDisk(path, () => disk.syncDirectory(dirname(path)));
}

async function writeAll(
  file: DiskFile,
  path: string,
  next: () => Promise<Buffer | undefined>,
  sync: boolean,
): Promise<void> {
  try {
    let at = 0;
    for (let chunk = await next(); chunk !== undefined; chunk = await next()) {
      const piece = chunk;
      onDisk(path, () => file.write(piece, 0, piece.length, at));
      at += piece.length;
    }
    if (sync) await file.syncInBackground();
  } finally {
    file.close();
  }
}
