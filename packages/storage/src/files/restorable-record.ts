// What of the log a member needs that rebuilds a disk: each file that is still here, as what it is now, not as what it
// was when it was logged (wire-protocol.md §9.11).
import { printLogicalName, TRUE_PATH_BYTES } from "@fastdfs-ts/protocol";
import type { FileStat } from "@fastdfs-ts/runtime";

import type { BinlogOp, BinlogRecord } from "../binlog/binlog-record.ts";
import { after, type Awaitable } from "../store/awaitable.ts";
import type { StorePath } from "../store/store-path.ts";
import type { FileStore } from "./file-store.ts";
import { type ResolvedName, resolveNameOrNot } from "./resolve-name.ts";
import { openTrunkSlot, trunkSlotOf } from "./trunk-slot.ts";

export type Restorable = Awaitable<BinlogRecord | undefined>;

/** The operations that make a file, by what they are told as: a rename is the creation of the new name. */
const making: Partial<Record<BinlogOp, "C" | "c">> = { C: "C", c: "c", L: "C", l: "c", R: "C", r: "c" };

/** The record as a creation (or link), or undefined if it is about another path or makes no file that is here. */
export function asRestorable(store: FileStore, storePath: StorePath, record: BinlogRecord): Restorable {
  const op = making[record.op];
  if (op === undefined) return undefined;
  // The log of a C storage may name anything.
  const target = resolveNameOrNot(store, record.logicalName);
  if (target?.storePath !== storePath) return undefined;
  return after(storePath.disk.linkStat(target.path), (stat) => described(store, target, stat, record, op));
}

function described(
  store: FileStore,
  target: ResolvedName,
  stat: FileStat | undefined,
  { seconds, logicalName }: BinlogRecord,
  op: "C" | "c",
): Restorable {
  const creation: BinlogRecord = { seconds, op, logicalName, extra: undefined };
  if (stat?.kind === "file") return creation;
  if (stat?.kind === "symlink") return linkRecord(store, target, creation, op);
  const slot = stat === undefined ? trunkSlotOf(target.pathInStore) : undefined;
  return slot === undefined ? undefined : ifSlotIsHis(target, slot, creation);
}

async function ifSlotIsHis(
  target: ResolvedName,
  slot: NonNullable<ReturnType<typeof trunkSlotOf>>,
  creation: BinlogRecord,
): Promise<BinlogRecord | undefined> {
  const opened = await openTrunkSlot(target, slot);
  await opened?.file.close();
  return opened === undefined ? undefined : creation;
}

/** A link that leads out of the store paths, or nowhere, is of no use elsewhere. */
function linkRecord(store: FileStore, target: ResolvedName, creation: BinlogRecord, op: "C" | "c"): Restorable {
  const { disk } = target.storePath;
  return after(disk.readLink(target.path), (leadsTo) =>
    after(disk.stat(target.path), (stat) => {
      const extra = stat?.kind === "file" ? logicalNameOf(store, leadsTo) : undefined;
      return extra === undefined ? undefined : { ...creation, op: op === "C" ? "L" : "l", extra };
    }),
  );
}

/** The logical name of a file on this host, or undefined if it lies in no store path. */
function logicalNameOf(store: FileStore, path: string): string | undefined {
  for (const storePath of store.paths.all) {
    const folder = `${storePath.dataPath}/`;
    if (!path.startsWith(folder)) continue;
    const pathInStore = path.slice(folder.length);
    const high = Number.parseInt(pathInStore.slice(0, 2), 16);
    const low = Number.parseInt(pathInStore.slice(3, 5), 16);
    const name = printLogicalName(storePath.index, high, low, pathInStore.slice(TRUE_PATH_BYTES));
    if (resolveNameOrNot(store, name)?.path === path) return name;
  }
  return undefined;
}
