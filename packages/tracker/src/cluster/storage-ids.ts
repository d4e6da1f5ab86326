// The storages that storage_ids.conf names (storage-formats.md §6.8), found by id, by address, or as pages of text.
import { rwModes } from "@fastdfs-ts/protocol";
import { printStorageIdLine, type StorageIdEntry } from "@fastdfs-ts/runtime";

/** The rw bits on the wire (wire-protocol.md §2.5). */
export const rwBits: Readonly<Record<StorageIdEntry["rwMode"], number>> = {
  none: rwModes.none,
  read: rwModes.readOnly,
  write: rwModes.writeOnly,
  both: rwModes.readWrite,
};

export class StorageIds {
  /** In string order of the ids, as the wire lists them. */
  readonly entries: readonly StorageIdEntry[];
  /** One line per entry, as command 69 sends them. */
  readonly lines: readonly string[];
  private readonly byId = new Map<string, StorageIdEntry>();
  private readonly byAddress = new Map<string, StorageIdEntry>();

  /** `entries` with host names resolved to addresses. */
  constructor(entries: readonly StorageIdEntry[]) {
    this.entries = [...entries].sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1));
    this.lines = this.entries.map(printStorageIdLine);
    for (const entry of this.entries) {
      this.byId.set(String(entry.id), entry);
      for (const host of entry.hosts) this.byAddress.set(addressKey(host, entry.port), entry);
    }
  }

  get(id: string): StorageIdEntry | undefined {
    return this.byId.get(id);
  }

  /** The storage at this address (of any group: command 109). */
  findByAddress(host: string, port: number): StorageIdEntry | undefined {
    return this.byAddress.get(addressKey(host, port));
  }

  find(groupName: string, host: string, port: number): StorageIdEntry | undefined {
    const entry = this.findByAddress(host, port);
    return entry?.groupName === groupName ? entry : undefined;
  }

  /** As many lines from `start` on as leave `spareBytes` of a body of `bodyBytes` (wire-protocol.md §5.15). */
  page(start: number, bodyBytes: number, spareBytes: number): string[] {
    const lines: string[] = [];
    let left = bodyBytes;
    for (let index = start; index < this.lines.length && left >= spareBytes; index++) {
      const line = this.lines[index]!;
      lines.push(line);
      left -= line.length + 1;
    }
    return lines;
  }
}

function addressKey(host: string, port: number): string {
  return `${host} ${port}`;
}
