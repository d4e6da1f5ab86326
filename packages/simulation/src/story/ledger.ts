// What the clients of a story were promised. A file that a client was told of is in the ledger, with what it must hold;
// what is not certain (an answer was lost, a power cut came before the kernel wrote back) is noted as such and proves nothing.
import { parseFileId } from "@fastdfs-ts/client";

type Existence =
  /** Acknowledged, and not deleted. */
  | "stored"
  /** The deletion was acknowledged. */
  | "deleted"
  /** It has another name now. Its metadata stays under the old one, as with C. */
  | "renamed"
  /** It may be there or not: the answer to a deletion was lost, or a disk took what it alone held. */
  | "uncertain";

export interface LedgerEntry {
  readonly fileId: string;
  readonly groupName: string;
  /** The name within the group, as on disk. */
  readonly logicalName: string;
  /** "regenerated": it was an appender, whose last changes the member that renamed it may not have had. */
  readonly kind: "normal" | "appender" | "slave" | "regenerated";
  existence: Existence;
  /** What it must hold; undefined when that is not certain. */
  content: Buffer | undefined;
  /** Names and values as the storage keeps them; undefined when that is not certain. */
  metadata: Readonly<Record<string, string>> | undefined;
  /** Virtual time of the last acknowledged change, deletion included. */
  changedMs: number;
}

export class Ledger {
  readonly #entries = new Map<string, LedgerEntry>();

  get entries(): IterableIterator<LedgerEntry> {
    return this.#entries.values();
  }

  get size(): number {
    return this.#entries.size;
  }

  find(groupName: string, logicalName: string): LedgerEntry | undefined {
    return this.#entries.get(`${groupName}/${logicalName}`);
  }

  stored(fileId: string, kind: LedgerEntry["kind"], content: Buffer, nowMs: number): LedgerEntry {
    const { groupName, logicalName } = parseFileId(fileId);
    const entry: LedgerEntry = {
      fileId,
      groupName,
      logicalName,
      kind,
      existence: "stored",
      content,
      metadata: {},
      changedMs: nowMs,
    };
    this.#entries.set(fileId, entry);
    return entry;
  }
}
