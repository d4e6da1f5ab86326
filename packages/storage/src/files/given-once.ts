import { NORMAL_NAME_BYTES, TAIL_CHARS } from "@fastdfs-ts/protocol";

/** Digits, then a dot and the extension, or digits alone. C's random number can in theory give a colon. */
const NORMAL_TAIL = /^[\d:]*(\..+)?$/;

/**
 * Whether a name is given to one file only: that of a normal file or an appender. Those of slaves and metadata files can be
 * given anew after a deletion. A slave with a short name can be as long as a normal name; then its end is no normal one
 * (storage-formats.md §1.6, §1.7).
 */
export function isGivenOnce(logicalName: string): boolean {
  return logicalName.length === NORMAL_NAME_BYTES && NORMAL_TAIL.test(logicalName.slice(-TAIL_CHARS));
}
