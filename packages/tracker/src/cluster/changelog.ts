// The append-only record of members that were deleted or moved (wire-protocol.md §6.10, storage-formats.md §3.5). Every
// storage has its own reading position in it, so it is never shortened.

export interface ChangelogEntry {
  readonly atSeconds: number;
  readonly groupName: string;
  readonly id: string;
  /** 4 deleted, 3 address changed. */
  readonly status: 3 | 4;
  /** The new address, or empty. */
  readonly newId: string;
}

/** A storage went from one address to another. */
export interface AddressMove {
  readonly from: string;
  readonly to: string;
}

export class Changelog {
  private content: Buffer;
  private moves = new Map<string, AddressMove[]>();
  private readonly append: (line: Buffer) => void;

  /** `content` is what the file holds; `append` makes a line durable or throws. */
  constructor(content: Buffer, append: (line: Buffer) => void) {
    this.content = content;
    this.append = append;
    this.readMoves(content);
  }

  /** Bytes so far: the reading position of somebody who needs nothing of what happened before. */
  get size(): number {
    return this.content.length;
  }

  /** Adds a line. Throws the disk's error, and then nothing was added. */
  add(entry: ChangelogEntry): void {
    const line = Buffer.from(printChangelogEntry(entry), "latin1");
    this.append(line);
    this.content = Buffer.concat([this.content, line]);
    this.readMoves(line);
  }

  /** Takes another tracker's changelog over; making it durable is the caller's business. */
  replace(content: Buffer): void {
    this.content = content;
    this.moves = new Map();
    this.readMoves(content);
  }

  /** Where members of a group went, oldest first: file names tell the address that their source had. */
  movesOf(groupName: string): readonly AddressMove[] {
    return this.moves.get(groupName) ?? [];
  }

  /** What lies behind `offset`, whole lines of at most `maxBytes`; empty at the end. */
  read(offset: number, maxBytes: number): Buffer {
    const rest = this.content.subarray(Math.min(Math.max(0, offset), this.content.length));
    if (rest.length <= maxBytes) return rest;
    const end = rest.lastIndexOf(0x0a, maxBytes - 1) + 1;
    return rest.subarray(0, end === 0 ? maxBytes : end);
  }

  private readMoves(lines: Buffer): void {
    for (const line of lines.toString("latin1").split("\n")) {
      const [, groupName = "", from = "", status, to = ""] = line.split(" ");
      if (status !== "3" || to === "") continue;
      const moves = this.moves.get(groupName) ?? [];
      moves.push({ from, to });
      this.moves.set(groupName, moves);
    }
  }
}

/** Five columns; without a new id the blank before it stays, because C readers need it. */
function printChangelogEntry({ atSeconds, groupName, id, status, newId }: ChangelogEntry): string {
  return `${atSeconds} ${groupName} ${id} ${status} ${newId}\n`;
}
