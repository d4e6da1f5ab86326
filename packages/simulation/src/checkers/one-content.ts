import { crc32, FdfsError, parseFileId } from "@fastdfs-ts/protocol";
import { contentOf, storedFiles, type StoredInode } from "../disk-view.ts";
import type { Checker } from "./checker.ts";

/** Inodes that were checked, and the version of their content that was found right. */
const verified = new WeakMap<StoredInode, number>();

/**
 * What a normal file's name says about its content holds wherever the file is served, at any time. A member that is down
 * may hold anything: it has to put that right before it serves.
 */
export const oneContent: Checker = {
  promise: "there are no two contents under one file id",
  when: "always",
  check: ({ cluster }) =>
    cluster.members.flatMap((member) => {
      const { groupName, process, id } = member;
      if (process.server === undefined) return [];
      const complaints: string[] = [];
      for (const [name, inode] of storedFiles(member)) {
        if (inode.kind === "symlink" || verified.get(inode) === inode.content.version) continue;
        const stated = statedContent(`${groupName}/${name}`);
        if (stated !== undefined) {
          const content = contentOf(inode);
          if (content.length !== stated.bytes || crc32(0, content) !== stated.crc32) {
            complaints.push(`${groupName}/${name} on ${id} has ${content.length} bytes that are not those of its name`);
          }
        }
        verified.set(inode, inode.content.version);
      }
      return complaints;
    }),
};

/** What the name says; undefined for files that may change, slaves, and metadata. */
function statedContent(fileId: string): { bytes: number; crc32: number } | undefined {
  if (fileId.endsWith("-m")) return undefined;
  try {
    const { kind, fileBytes, crc32: sum } = parseFileId(fileId);
    return kind !== "normal" || fileBytes === undefined || sum === undefined
      ? undefined
      : { bytes: fileBytes, crc32: sum };
  } catch (error) {
    if (error instanceof FdfsError) return undefined;
    throw error;
  }
}
