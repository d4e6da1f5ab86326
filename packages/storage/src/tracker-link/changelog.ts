// The tracker's log of deleted and moved members, which comes in pieces that may end in the middle of a line
// (wire-protocol.md §6.10).
import { type StorageStatus, storageStatusOf } from "@fastdfs-ts/protocol";

export interface ChangelogEntry {
  readonly timeSeconds: number;
  readonly groupName: string;
  readonly storageId: string;
  /** DELETED or IP_CHANGED. */
  readonly status: StorageStatus;
  /** The new address of a member that moved, else "". */
  readonly newStorageId: string;
}

/** Longer than any line: what is longer without a line end is no changelog. */
const LINE_CHARS_MAX = 512;

export class ChangelogReader {
  private rest = "";

  /** The entries that are complete with this piece. Lines that are none are counted and skipped. */
  take(piece: string): { entries: ChangelogEntry[]; unreadable: number } {
    const lines = (this.rest + piece).split("\n");
    this.rest = lines.pop() ?? "";
    if (this.rest.length > LINE_CHARS_MAX) this.rest = "";
    const entries = lines.map(parseLine);
    const good = entries.filter((entry) => entry !== undefined);
    return { entries: good, unreadable: entries.length - good.length };
  }
}

function parseLine(line: string): ChangelogEntry | undefined {
  const [time, groupName, storageId, code, newStorageId] = line.split(" ");
  if (groupName === undefined || storageId === undefined || code === undefined) return undefined;
  const status = storageStatusOf(Number(code));
  if (status !== "DELETED" && status !== "IP_CHANGED") return undefined;
  return { timeSeconds: Number(time), groupName, storageId, status, newStorageId: newStorageId ?? "" };
}
