// A small file inside a trunk file: its name says where (storage-formats.md §4.2, §4.3). What lies there counts only if
// its header is the one that the name implies: a slot that was freed and used again belongs to another file.
import {
  type NameFacts,
  parseNameFacts,
  sliceOfPath,
  TAIL_CHARS,
  TRUE_PATH_BYTES,
  TRUNK_HEADER_BYTES,
  trunkFileName,
  trunkRecordTypes,
  type TrunkSlice,
} from "@fastdfs-ts/protocol";
import { systemErrorCode } from "@fastdfs-ts/runtime";

import type { StoreFile } from "../store/store-disk.ts";
import type { ResolvedName } from "./resolve-name.ts";

type TrunkRecordType = Exclude<keyof typeof trunkRecordTypes, "free">;

export interface TrunkSlot {
  readonly facts: NameFacts;
  readonly slice: TrunkSlice;
}

/** The slot that a path in the store names, or undefined if it is not the name of a file inside a trunk file. */
export function trunkSlotOf(pathInStore: string): TrunkSlot | undefined {
  const facts = parseNameFacts(pathInStore, TRUE_PATH_BYTES);
  const slice = sliceOfPath(pathInStore, facts);
  return facts === undefined || slice === undefined ? undefined : { facts, slice };
}

/** An open trunk file at a slot that holds what its name says. The caller closes the file. */
export interface OpenTrunkSlot {
  readonly file: StoreFile;
  /** link: the content is the logical name of another file. */
  readonly type: TrunkRecordType;
  /** Where the content begins in the trunk file. */
  readonly contentAt: number;
  readonly contentBytes: number;
}

/** Opens the trunk file of a name. Undefined if it is not there or the slot belongs to another file. */
export async function openTrunkSlot(target: ResolvedName, slot: TrunkSlot): Promise<OpenTrunkSlot | undefined> {
  const { facts, slice } = slot;
  const directory = target.path.slice(0, target.path.lastIndexOf("/"));
  const file = await openExisting(target, `${directory}/${trunkFileName(slice.trunkFileId)}`);
  if (file === undefined) return undefined;
  let type: TrunkRecordType | undefined;
  try {
    const found = Buffer.alloc(TRUNK_HEADER_BYTES);
    const bytes = await file.read(found, 0, TRUNK_HEADER_BYTES, slice.offset);
    if (bytes === TRUNK_HEADER_BYTES) type = typeOf(found, encodeTrunkHeader(slot, target.pathInStore));
  } finally {
    if (type === undefined) await file.close();
  }
  if (type === undefined) return undefined;
  return { file, type, contentAt: slice.offset + TRUNK_HEADER_BYTES, contentBytes: facts.sizeLow };
}

async function openExisting(target: ResolvedName, path: string): Promise<StoreFile | undefined> {
  try {
    return await target.storePath.disk.open(path, "read");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function typeOf(found: Buffer, implied: Buffer): TrunkRecordType | undefined {
  if (!found.subarray(1).equals(implied.subarray(1))) return undefined;
  if (found[0] === trunkRecordTypes.file) return "file";
  return found[0] === trunkRecordTypes.link ? "link" : undefined;
}

/** The 24 bytes that a name implies, for a file. */
function encodeTrunkHeader({ facts, slice }: TrunkSlot, pathInStore: string): Buffer {
  const header = Buffer.alloc(TRUNK_HEADER_BYTES);
  header.writeUInt8(trunkRecordTypes.file, 0);
  header.writeUInt32BE(slice.slotBytes, 1);
  header.writeUInt32BE(facts.sizeLow, 5);
  header.writeUInt32BE(facts.crc32, 9);
  header.writeUInt32BE(facts.createdSeconds, 13);
  header.write(pathInStore.slice(-TAIL_CHARS), 17, "latin1");
  return header;
}
